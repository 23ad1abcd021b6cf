# Sourced: sets java_home to a JDK that is new enough, by JAVA_HOME, PATH, and the usual places; starts no process
# where it can. find_jdk VERSION
find_jdk() {
  local candidate line
  local candidates=("${JAVA_HOME:-}")
  local IFS=:
  for candidate in $PATH; do
    if [ -x "$candidate/java" ]; then
      [ -L "$candidate/java" ] && candidate=$(readlink -f "$candidate/java") && candidate=${candidate%/*}
      candidates+=("${candidate%/bin}")
    fi
  done
  unset IFS
  candidates+=(/usr/lib/jvm/* "${HOME:-/root}"/.sdkman/candidates/java/* "${HOME:-/root}"/.jdks/* /opt/*)
  for candidate in "${candidates[@]}"; do
    [ -x "$candidate/bin/javac" ] && [ -r "$candidate/release" ] || continue
    while read -r line; do
      if [[ $line =~ ^JAVA_VERSION=\"([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -ge "$1" ]; then
        java_home=$candidate
        return 0
      fi
    done <"$candidate/release"
  done
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
