#!/bin/sh
# Installs the newest executable of Rivet, or the one that RIVET_VERSION names:
#   curl -fsSL https://github.com/OWNER/REPOSITORY/releases/latest/download/install.sh | sh
#
#   RIVET_VERSION      a release without its "v", e.g. 0.1.0; default: the newest
#   RIVET_INSTALL_DIR  default: /usr/local/bin where this user may write, else ~/.local/bin
#   RIVET_RELEASES     where the releases are; default: https://github.com/OWNER/REPOSITORY/releases
#
# Nothing is installed whose SHA-256 is not the one of the release's SHA256SUMS. A version that is there is
# replaced at once, never half. sudo is not used.
set -eu

shared=/usr/local/bin

fail() {
  printf 'install.sh: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# x86_64-unknown-linux-gnu and the like, as the release names its files.
target() {
  system=$(uname -s)
  machine=$(uname -m)
  case "$machine" in
    x86_64 | amd64) machine=x86_64 ;;
    aarch64 | arm64) machine=aarch64 ;;
    *) fail "there is no executable for the processor $machine" \
      "Run it from npm (npx -y rivet-extract) or from source: docs/install.md." ;;
  esac
  case "$system" in
    Linux)
      if [ -n "$(find /lib /lib64 -maxdepth 1 -name 'ld-musl-*' 2>/dev/null | head -n 1)" ] &&
        [ -z "$(find /lib /lib64 -maxdepth 1 -name 'ld-linux-*' 2>/dev/null | head -n 1)" ]; then
        fail "this Linux has musl instead of glibc, which the executable needs" \
          "Use the image, or run it from npm or source: docs/install.md."
      fi
      echo "$machine-unknown-linux-gnu" ;;
    Darwin)
      # A translated shell says x86_64 on Apple's own processors.
      if [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || echo 0)" = 1 ]; then machine=aarch64; fi
      echo "$machine-apple-darwin" ;;
    *) fail "there is no executable for $system that this script knows" \
      "For Windows it is on the releases' page: rivet-x86_64-pc-windows-msvc.exe." ;;
  esac
}

# download URL FILE; a server that has gone silent is given up.
download() {
  if has curl; then
    curl -fsSL --retry 2 --connect-timeout 30 --speed-limit 1 --speed-time 60 -o "$2" "$1" && return 0
    [ $? = 23 ] && full=yes
  elif has wget; then
    wget -q -T 60 -O "$2" "$1" && return 0
    [ $? = 3 ] && full=yes
  else
    fail "neither curl nor wget is there to download with" "Install one of them, and run this again."
  fi
  [ -z "${full:-}" ] || fail "cannot write what is downloaded into $to" "Is its disk full?"
  fail "cannot download $1" "Is there such a version, and does the network let this machine through?"
}

# sha256 FILE
sha256() {
  if has sha256sum; then
    sha256sum "$1" | cut -d ' ' -f 1
  elif has shasum; then
    shasum -a 256 "$1" | cut -d ' ' -f 1
  elif has openssl; then
    openssl dgst -sha256 -r "$1" | cut -d ' ' -f 1
  else
    fail "there is no sha256sum, shasum or openssl to check the download with"
  fi
}

folder() {
  if [ -n "${RIVET_INSTALL_DIR:-}" ]; then
    echo "$RIVET_INSTALL_DIR"
  elif [ -d "$shared" ] && [ -w "$shared" ]; then
    echo "$shared"
  elif [ -n "${HOME:-}" ]; then
    echo "$HOME/.local/bin"
  else
    fail "there is no home to install into" "Name a folder: RIVET_INSTALL_DIR=/somewhere/bin"
  fi
}

# As one word of a shell.
quoted() {
  case "$1" in
    *[!A-Za-z0-9_./-]*) printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")" ;;
    *) printf '%s' "$1" ;;
  esac
}

main() {
  file="rivet-$(target)"
  releases=${RIVET_RELEASES:-https://github.com/OWNER/REPOSITORY/releases}
  case "${RIVET_VERSION:-latest}" in
    latest) from="$releases/latest/download" ;;
    *) from="$releases/download/v${RIVET_VERSION#v}" ;;
  esac
  to=$(folder)
  # For PATH, and for commands that would take a leading dash for an option.
  case "$to" in /*) ;; *) to="$PWD/$to" ;; esac
  mkdir -p "$to" 2>/dev/null || fail "cannot make the folder $to" \
    "Name one of yours: RIVET_INSTALL_DIR=/somewhere/bin"
  # Into a folder it would be moved, and be found by nobody.
  [ ! -d "$to/rivet" ] || fail "there is a folder in the executable's place: $to/rivet" \
    "Name another place: RIVET_INSTALL_DIR=/somewhere/bin"
  # In the folder itself: only there a rename replaces what is there at once.
  work=$(mktemp -d "$to/.rivet-install.XXXXXX" 2>/dev/null) || fail "cannot write into $to" \
    "Name a folder of yours: RIVET_INSTALL_DIR=/somewhere/bin"
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM

  download "$from/SHA256SUMS" "$work/SHA256SUMS"
  wanted=$(awk -v file="$file" '$2 == file || $2 == "*" file { print $1; exit }' "$work/SHA256SUMS")
  [ -n "$wanted" ] || fail "the release has no $file" "Its SHA256SUMS does not name it: $from"
  download "$from/$file" "$work/rivet"
  found=$(sha256 "$work/rivet")
  [ "$found" = "$wanted" ] || fail "the download is damaged, and nothing is installed" \
    "SHA-256 of $from/$file" "expected $wanted" "found    $found"

  chmod 755 "$work/rivet"
  if ! version=$("$work/rivet" --version 2>"$work/said"); then
    fail "the downloaded executable does not start here" "$(head -n 1 "$work/said")" \
      "Is this system older than those it is made for, or may nothing be executed in $to?" \
      "docs/install.md has other ways."
  fi
  mv -f "$work/rivet" "$to/rivet" || fail "cannot replace $to/rivet"
  printf '%s is installed: %s\n' "$version" "$to/rivet"
  case ":${PATH:-}:" in
    *":$to:"*) first=$(command -v rivet || true)
      [ "$first" = "$to/rivet" ] || printf 'Another one comes first in PATH: %s\n' "$first" ;;
    *) printf 'Its folder is not in PATH; add it: export PATH=%s:"$PATH"\n' "$(quoted "$to")" ;;
  esac
}

# Called last: a script that came through a pipe and was cut off does nothing.
main
