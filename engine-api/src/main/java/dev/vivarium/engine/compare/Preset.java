package dev.vivarium.engine.compare;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Work that is often asked about. It uses what every Linux has: a shell, dd, and perl for sockets.
 */
public enum Preset {
  START("nothing but the start and the end", "true"),
  CPU("a loop that makes no system call", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"),
  FILES(
      "making, reading and removing 500 small files",
      "mkdir /tmp/f && cd /tmp/f && i=0; while [ $i -lt 500 ]; do echo $i >f$i; read x <f$i;"
          + " i=$((i+1)); done; cd / && rm -r /tmp/f"),
  SEQUENTIAL(
      "writing and reading 50 MiB in pieces of 64 KiB",
      "dd if=/dev/zero of=/tmp/s bs=64k count=800 2>&1 | tail -n 1; dd if=/tmp/s of=/dev/null"
          + " bs=64k 2>&1 | tail -n 1; rm /tmp/s"),
  NETWORK(
      "20 MiB over a TCP connection to itself",
      "exec perl -MSocket -e"
          + " 'socket(S,PF_INET,SOCK_STREAM,0);bind(S,sockaddr_in(0,INADDR_LOOPBACK));"
          + "listen(S,1);my($p)=sockaddr_in(getsockname(S));if(!fork){socket(C,PF_INET,SOCK_STREAM,0);connect(C,sockaddr_in($p,INADDR_LOOPBACK));my"
          + " $b=\"x\"x65536;for(1..320){my $n=0;"
          + "while($n<65536){$n+=syswrite(C,$b,65536-$n)}}exit}accept(C,S);"
          + "while(sysread(C,$b,65536)){}wait'"),
  CALLS(
      "40,000 system calls that do nothing",
      "dd if=/dev/zero of=/dev/null bs=1 count=20000 2>&1 | tail -n 1");

  private final String description;
  private final String script;

  Preset(String description, String script) {
    this.description = description;
    this.script = script;
  }

  /** As a flag has it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** What it does. */
  public String description() {
    return description;
  }

  /** Its command. */
  public List<String> command() {
    return List.of("/bin/sh", "-c", script);
  }

  /** The one of this name. */
  public static Optional<Preset> of(String word) {
    return List.of(values()).stream().filter(p -> p.word().equals(word)).findFirst();
  }
}
