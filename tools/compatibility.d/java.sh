#!/bin/bash
# program: OpenJDK
# packages: openjdk-17-jdk-headless
# does: javac, then a program of pools, locks, parallel streams, sockets, a child process, garbage collections with each collector, a jar, jstack of another process
# quick: yes
# seconds: 900
. "${0%/*}/lib.sh"
java=$(command -v java) javac=$(command -v javac)
for home in /usr/lib/jvm/*; do [ -x "$home/bin/javac" ] && { java=$home/bin/java javac=$home/bin/javac; break; }; done
[ -n "$javac" ] || { echo "skip Java: no JDK here"; exit 0; }
echo "version: $("$java" -version 2>&1 | head -n 1 | cut -d'"' -f2)"
cat >T.java <<'X'
import java.net.*; import java.nio.*; import java.nio.channels.*; import java.nio.file.*; import java.util.*; import java.util.concurrent.*; import java.util.concurrent.atomic.*; import java.util.stream.*;
public class T {
  public static void main(String[] a) throws Exception {
    var pool = Executors.newFixedThreadPool(8); var sum = new AtomicLong(); var all = new CountDownLatch(100);
    for (int i = 0; i < 100; i++) { final int n = i; pool.submit(() -> { sum.addAndGet(n); all.countDown(); }); }
    all.await(); pool.shutdown(); System.out.println("pool " + sum);
    System.out.println("parallel " + IntStream.range(0, 100000).parallel().mapToLong(x -> x).sum());
    var lock = new Object(); int[] turn = {0}; Thread[] two = new Thread[2];
    for (int i = 0; i < 2; i++) { final int me = i; two[i] = new Thread(() -> { for (int k = 0; k < 200; k++) synchronized (lock) { while (turn[0] % 2 != me) try { lock.wait(); } catch (InterruptedException e) { return; } turn[0]++; lock.notifyAll(); } }); two[i].start(); }
    for (var t : two) t.join(); System.out.println("turns " + turn[0]);
    try (var s = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      var t = new Thread(() -> { try (var c = new Socket(s.getInetAddress(), s.getLocalPort())) { c.getOutputStream().write("net".getBytes()); } catch (Exception e) { e.printStackTrace(); } }); t.start();
      try (var c = s.accept()) { System.out.println(new String(c.getInputStream().readAllBytes())); } t.join(); }
    var p = new ProcessBuilder("sh", "-c", "echo child; exit 3").start(); System.out.print(new String(p.getInputStream().readAllBytes())); System.out.println(p.waitFor());
    try (var f = FileChannel.open(Path.of("mapped"), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) { var m = f.map(FileChannel.MapMode.READ_WRITE, 0, 8192); m.putInt(4096, 77); m.force(); var b = ByteBuffer.allocate(4); f.read(b, 4096); System.out.println("mapped " + b.getInt(0)); }
    byte[][] g = new byte[100][]; for (int i = 0; i < 1000; i++) g[i % 100] = new byte[100000]; System.gc();
    try { int[] x = null; System.out.println(x[0]); } catch (NullPointerException e) { System.out.println("null"); }
    try { deep(0); } catch (StackOverflowError e) { System.out.println("deep"); }
    var q = new ScheduledThreadPoolExecutor(1); var w = q.schedule(() -> 9, 50, TimeUnit.MILLISECONDS); System.out.println("timer " + w.get()); q.shutdown();
  }
  static int deep(int n) { return deep(n + 1) + 1; }
}
X
want="pool 4950
parallel 4999950000
turns 400
net
child
3
mapped 77
null
deep
timer 9"
check "javac" "$javac" -d . T.java
for gc in ${COMPAT_QUICK:+Serial} ${COMPAT_QUICK:-Serial Parallel G1 Z}; do
  [ "$gc" = 1 ] && continue
  same "a threaded program, ${gc}GC" "$want" "$java" -XX:+Use${gc}GC -Xmx128m -cp . T
done
[ -z "$COMPAT_QUICK" ] || exit 0
same "jar and its manifest" "pool 4950" bash -c "'${javac%/*}/jar' cfe t.jar T *.class && '$java' -jar t.jar | head -n 1"
same "memory limit and cgroup are read" "yes" bash -c "'$java' -Xlog:os+container=trace -version 2>&1 | grep -qi container && echo yes || echo no"
cat >S.java <<'X'
public class S { public static void main(String[] a) throws Exception { Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook"))); System.out.println("up"); Thread.sleep(60000); } }
X
stack() { "$javac" -d . S.java && { "$java" -cp . S >s.out & pid=$!; until_true 60 grep -q up s.out; "${javac%/*}/jstack" $pid | grep -c '"main"'; kill $pid; wait $pid; grep hook s.out; }; }
same "jstack of another process, shutdown hook" "1
hook" stack
