#!/bin/sh
# What continuous integration runs on a pull request, once .venv is set up: the stages that the change touches, and a
# summary of its effect, appended to the file $GITHUB_STEP_SUMMARY or, where none is named, written to standard output.
# Usage: tools/ci.sh [BASE]    BASE: the commit to compare with, also by environment; default: origin/main
# Ends with 0 when the pipeline ran, also where dvc.lock is stale; else with the code of what failed.
set -eu
cd "$(dirname "$0")/.."
PATH=$PWD/.venv/bin:$PATH # stages run as `python -m stages.X`
export PATH
base=${1:-${BASE:-origin/main}}

command -v dvc >/dev/null 2>&1 || { echo "ci: dvc was not found: run 'make .venv/.ready' first" >&2; exit 1; }

work=$(mktemp -d)
: >"$work/summary"
publish() {
  if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then cat "$work/summary" >>"$GITHUB_STEP_SUMMARY"; else cat "$work/summary"; fi
  rm -rf "$work"
}
trap publish EXIT # whatever happens, what is known by then is told

say() { printf '%s\n\n' "$1" >>"$work/summary"; }

# Run a command; show its output as it comes and keep it. A pipe alone would lose the exit code.
logged() {
  { code=0; "$@" 2>&1 || code=$?; echo "$code" >"$work/code"; } | tee -a "$work/log"
  return "$(cat "$work/code")"
}

failed() {
  say "**The pipeline failed** with exit code $1. It said last:"
  tail -n 20 "$work/log" | sed 's/^/    /' >>"$work/summary"
  exit "$1"
}

say "## The pipeline"

# First, as in `make repro`: the files that fetch depends on are neither in Git nor in a remote.
logged python -m stages.check || failed $?

# Which stages does dvc.lock not describe, missing data aside? DVC fails here where such a stage's input is missing.
stale=yes
if dvc repro --dry --allow-missing >"$work/dry" 2>&1 &&
  ! grep -Eq "^Running stage|is cached - skipping" "$work/dry"; then
  stale=no
fi

if [ -n "$(dvc config core.remote 2>/dev/null)" ]; then
  # compare reads a folder that many stages fill: DVC cannot pull it by its name, and takes it for complete when one
  # file stands in it. Its files are small, so all of them are fetched. Where none can be, a stage says what it lacks.
  evaluations=$(dvc stage list --all --name-only | sed -n 's/\(evaluate\)@.*/\1/p' | sort -u) # one a task
  # shellcheck disable=SC2086 # words without spaces
  [ $stale = no ] || logged dvc pull --allow-missing $evaluations || echo "ci: not all predictions could be pulled" >&2
  logged dvc repro --pull --allow-missing || failed $?
else
  echo "ci: no default DVC remote: what the local cache does not hold is made again"
  logged dvc checkout --quiet --allow-missing || true # it fails where the cache is empty, and repro makes the rest
  logged dvc repro || failed $?
fi

if [ $stale = yes ]; then
  say "**dvc.lock is stale**: it does not describe this code and these parameters. \
Run \`make repro\`, then commit dvc.lock and reports/."
else
  say "dvc.lock describes this code and these parameters."
fi
ran=$(sed -n "s/^Running stage '\(.*\)':\$/\`\1\`/p" "$work/log")
if [ -n "$ran" ]; then
  say "$(echo "$ran" | wc -l | tr -d ' ') stages ran: $(echo "$ran" | paste -s -d ' ' -)"
else
  say "No stage had to run."
fi

if ! git rev-parse --verify --quiet "$base^{commit}" >/dev/null; then
  say "There is no commit \`$base\` in this clone: compared with HEAD instead."
  base=HEAD
fi
say "## Metrics against $base"
dvc metrics diff "$base" --md >"$work/metrics"
if [ "$(grep -c '^|' "$work/metrics")" -gt 2 ]; then # more than the head of the table
  say "$(cat "$work/metrics")"
else
  say "No metric changed."
fi

if [ -f reports/leaderboard.md ]; then
  say "## Leaderboard"
  say "$(cat reports/leaderboard.md)"
fi

{
  git diff --stat HEAD -- '*dvc.lock' reports
  git ls-files --others --exclude-standard -- '*dvc.lock' reports | sed 's/^/ new: /'
} >"$work/uncommitted"
if [ -s "$work/uncommitted" ]; then
  say "## Not as committed"
  sed 's/^/    /' "$work/uncommitted" >>"$work/summary"
fi
