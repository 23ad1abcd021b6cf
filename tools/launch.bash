# Starts the program that a command wants, with the Java arguments that belong to it: of a checkout (viv sources this), and of a
# package (installers/build puts it into the viv of the package). Takes from there:
#   java_home, dist (the files of Java arguments, the caches, the program in front), program (this command, for others to run)
unset JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS

# Whether the words after "run" ask for a sandbox in the foreground without a terminal. Its process needs no client: it does
# the client's work itself, and a small program stands in front of it. When in doubt, no; the real parser has the last word.
in_front() {
  [ -x "$dist/front" ] && [ -e "$dist/sandbox.aot" ] || return 1
  while [ $# -gt 0 ]; do
    case $1 in
      --detach* | --tty* | --help | @*) return 1 ;;
      --name | --env | --env-file | --workdir | --user | --volume | --hostname | --entrypoint | --timeout | --engine | \
        --platform | --memory | --cpus | --pids | --pids-limit | --pull | --trace | --progress | --profile | --net | --allow | \
        --publish | --dns | -[ewuvmp]) shift ;;
      --*) ;;
      -*[dt]*) return 1 ;;
      -*) ;;
      *) return 0 ;;
    esac
    shift
  done
  return 1
}
unset VIVARIUM_FRONT
# What the prompt runs for a command whose output goes into a program of this machine.
export VIVARIUM_PROGRAM=$program
if [ "${1:-}" = run ] && in_front "${@:2}"; then
  exec "$dist/front" "$java_home/bin/java" @"$dist/run.args" dev.vivarium.cli.Main "$@"
fi
# The desktop is a program of its own: its libraries would cost every other command's start.
if [ "${1:-}" = gui ] && [ $# -eq 1 ] && [ -e "$dist/gui.args" ]; then
  exec "$java_home/bin/java" @"$dist/gui.args" dev.vivarium.gui.Main
fi
# What goes over every byte of an image wants the better compiler, which knows the processor's own SHA-256, but only for
# what is truly hot (else compiling takes a sixth of a pull's time); and room for the files of large layers.
more=()
case ${1:-} in
  '' | shell) [ -e "$dist/shell.aot" ] && more=("-XX:AOTCache=$dist/shell.aot") ;;
  pull | push | load | save | import | commit | verify)
    more=(-XX:TieredStopAtLevel=4 -XX:Tier4InvocationThreshold=50000 -XX:Tier4MinInvocationThreshold=6000
      -XX:Tier4CompileThreshold=150000 -XX:Tier4BackEdgeThreshold=400000 -Xmx1g)
    ;;
esac
exec "$java_home/bin/java" @"$dist/viv.args" "${more[@]}" dev.vivarium.cli.Main "$@"
