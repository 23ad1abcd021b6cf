#!/usr/bin/env bash
# Vivarium, installed: finds out where it lies, and starts it there.
set -u
here=${BASH_SOURCE[0]}
while [ -L "$here" ]; do
  link=$(readlink "$here")
  case $link in
    /*) here=$link ;;
    *) here=${here%/*}/$link ;;
  esac
done
case $here in
  /*) ;;
  *) here=$PWD/$here ;;
esac
here=${here%/*}
case $here in
  *..*) here=$(cd "$here" && pwd -P) ;;
esac
prefix=${here%/bin}
program=$prefix/bin/viv
dist=$prefix/app
java_home=$prefix/runtime

die() {
  printf 'viv: %s\n' "$1" >&2
  exit 125
}

# Writes the files of Java arguments, which hold full paths, into $1, for the program in $dist.
write_arguments() {
  local file text
  mkdir -p "$1" || return 1
  for file in viv run sandbox gui; do
    text=$(<"$dist/$file.args") || return 1
    printf '%s\n' "${text//"$place"/"$dist"}" >"$1/$file.args.$$" && mv -f "$1/$file.args.$$" "$1/$file.args" || return 1
  done
}

read -r place 2>/dev/null <"$dist/.place" || die "this installation is not whole: $dist/.place cannot be read; install it again"
if [ "$place" != "$dist" ]; then
  # The archive was unpacked somewhere, or moved.
  case $dist in
    *['"\']* | *$'\n'*) die "cannot run from here: $dist; move it to a path without quotes, backslashes and new lines" ;;
  esac
  if [ -w "$dist" ]; then
    write_arguments "$dist" && printf '%s\n' "$dist" >"$dist/.place.$$" && mv -f "$dist/.place.$$" "$dist/.place" ||
      die "cannot write to $dist; is the disk full?"
  else
    # Somebody else's: the arguments go to this user's cache, and what goes by the same directory is linked there.
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/vivarium/at${dist//\//+}
    if [ ! -e "$cache/.place" ] || [ "$cache/.place" -ot "$dist/.place" ] || [ "$cache/.place" -nt "$dist/.place" ]; then
      write_arguments "$cache" && ln -sfn "$dist"/{front,*.aot} "$cache/" && sed -i "s|^\"-Dvivarium.home=.*|\"-Dvivarium.home=$cache\"|" "$cache"/*.args &&
        touch -r "$dist/.place" "$cache/.place" || die "cannot write to $cache; set XDG_CACHE_HOME to a directory that you may write to"
    fi
    dist=$cache
  fi
fi
