#!/bin/bash
# program: perl
# packages: perl
# does: processes, pipes, signals, sockets, files, locale and time, threads, digests, compression
. "${0%/*}/lib.sh"
version perl
same "pipes and codes" "piped
3" perl -e 'open(my $p, "-|", "echo piped") or die; print <$p>; close $p; system("exit 3;"); print $? >> 8, "\n"'
same "signals and alarm" "alarm 4" perl -e '$SIG{ALRM} = sub { print "alarm " }; alarm 1; sleep 5; my $pid = fork; if (!$pid) { exit 4 } waitpid $pid, 0; print $? >> 8, "\n"'
same "fork of twenty" "190" perl -e 'my $s = 0; for my $i (0 .. 19) { pipe(my $r, my $w); if (!fork) { print $w $i; exit } close $w; $s += <$r>; wait } print "$s\n"'
same "TCP on loopback" "HELLO" perl -MIO::Socket::INET -e 'my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die $!; if (!fork) { my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $l->sockport) or die $!; print $c "hello\n"; print scalar <$c>; exit } my $s = $l->accept; print $s uc scalar <$s>; close $s; wait'
same "UDP on loopback" "ping" perl -MIO::Socket::INET -e 'my $a = IO::Socket::INET->new(Proto => "udp", LocalAddr => "127.0.0.1") or die $!; my $b = IO::Socket::INET->new(Proto => "udp", PeerAddr => "127.0.0.1", PeerPort => $a->sockport); $b->send("ping"); $a->recv(my $x, 100); print "$x\n"'
same "files, locks, stat" "12 1 1" perl -MFcntl=:flock -e 'open my $f, "+>", "f" or die; flock $f, LOCK_EX or die; print $f "hello world\n"; seek $f, 0, 0; my @s = stat $f; $f->flush; @s = stat "f"; open my $g, "<", "f"; print "$s[7] $s[3] ", (flock($g, LOCK_EX | LOCK_NB) ? 0 : 1), "\n"'
same "directories" "100" perl -MFile::Find -MFile::Path=make_path -e 'make_path("d/$_") for 1 .. 99; my $n = 0; find(sub { $n++ }, "d"); print "$n\n"'
same "regular expressions" "27" perl -e 'my %h; $h{$_}++ for map { chr(97 + $_ % 26) } 1 .. 1000; my $s = join "", sort keys %h; my $n = () = $s =~ /./g; print $n + ($s =~ /^a.*z$/), "\n"'
same "threads" "45" perl -Mthreads -e 'my @t = map { my $x = $_; threads->create(sub { $x }) } 0 .. 9; my $s = 0; $s += $_->join for @t; print "$s\n"'
same "time" "2000-02-29 0.1" perl -MPOSIX -MTime::HiRes=time,sleep -e 'my $t = time; sleep 0.1; printf "%s %.1f\n", POSIX::strftime("%Y-%m-%d", gmtime(951782400)), time - $t > 0.09 ? 0.1 : 0'
same "digests and compression" "900150983cd24fb0d6963f7d28e17f72 1" perl -MDigest::MD5=md5_hex -MCompress::Zlib -e 'print md5_hex("abc"), " ", (uncompress(compress("x" x 10000)) eq "x" x 10000), "\n"'
same "select on pipes" "1" perl -e 'pipe(my $r, my $w); syswrite $w, "x"; my $v = ""; vec($v, fileno $r, 1) = 1; print scalar select($v, undef, undef, 2), "\n"'
