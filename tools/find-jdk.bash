# Sourced: sets java_home to a JDK that is new enough, by JAVA_HOME, PATH, and the usual places; starts no process
# where it can. find_jdk VERSION
find_jdk() {
  local directory
  is_jdk "$1" "${JAVA_HOME:-}" && return
  local IFS=:
  for directory in $PATH; do
    if [ -x "$directory/java" ]; then
      [ -L "$directory/java" ] && directory=$(readlink -f "$directory/java") && directory=${directory%/*}
      is_jdk "$1" "${directory%/bin}" && return
    fi
  done
  for directory in /usr/lib/jvm/* "${HOME:-/root}"/.sdkman/candidates/java/* "${HOME:-/root}"/.jdks/* /opt/*; do
    is_jdk "$1" "$directory" && return
  done
  return 1
}

# is_jdk VERSION DIRECTORY: sets java_home if it is one, and that version or newer
is_jdk() {
  local line
  [ -x "$2/bin/javac" ] && [ -r "$2/release" ] || return 1
  while read -r line; do
    if [[ $line =~ ^JAVA_VERSION=\"([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -ge "$1" ]; then
      java_home=$2
      return 0
    fi
  done <"$2/release"
  return 1
}

# Sourced: installs Debian packages where that asks no questions. try_install PACKAGE...
try_install() {
  command -v apt-get >/dev/null || return 1
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || return 1
    as_root=(sudo -n)
  fi
  printf 'installing %s ...\n' "$*" >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >/dev/null 2>&1 || {
    "${as_root[@]}" apt-get update -q >/dev/null 2>&1
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >/dev/null 2>&1
  }
}
