#!/usr/bin/env bash
# Writes go.mod and go.sum for another version of Kubernetes: write-go-mod.sh v1.35.4
# Kubernetes can't be required as it stands: its go.mod replaces its own parts by folders of its repository.
set -euo pipefail
version=${1:?'Which version? Example: write-go-mod.sh v1.35.4'}
cd "$(dirname "${BASH_SOURCE[0]}")"
upstream=$(go mod download -json "k8s.io/kubernetes@$version" | sed -n 's/.*"GoMod": "\(.*\)".*/\1/p')
{
  printf 'module blockstill.dev/kube\n\n'
  grep -E '^(go|godebug) ' "$upstream"
  printf '\nrequire k8s.io/kubernetes %s\n\n' "$version"
  # Every version that upstream has pinned, but for its own parts, which follow.
  awk '/^require \(/ { on = 1 } on { print } /^\)/ { on = 0 }' "$upstream" |
    grep -vE '^\s*k8s\.io/[a-z-]+ v0\.0\.0( |$)'
  printf '\nreplace (\n'
  grep -oE '^\s*k8s\.io/[a-z-]+ => \./staging' "$upstream" |
    awk -v version="v0.${version#v1.}" '{ print "\t" $1 " => " $1 " " version }'
  printf ')\n'
} >go.mod
go mod tidy
