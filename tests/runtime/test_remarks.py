from stages.runtime.remarks import dropped_rows, print_remarks, with_remarks


def test_remarks_are_notes_on_standard_error(capsys):
    print_remarks(["one thing", "another"])
    assert capsys.readouterr() == ("", "note: one thing\nnote: another\n")


def test_a_report_gains_remarks_where_there_are_any():
    assert with_remarks(("one",)) == {"remarks": ["one"]}
    assert with_remarks(()) == {}


def test_dropped_rows_in_words():
    assert dropped_rows({"blank line": 2, "repeated": 1}) == "2 dropped (blank line), 1 dropped (repeated)"
    assert dropped_rows({}) == ""
