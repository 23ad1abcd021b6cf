#!/bin/bash
# program: Rust
# packages: rustc ripgrep fd-find
# does: rustc builds a program of threads, channels, sockets and processes, and its unit tests; ripgrep and fd over a tree of files
# seconds: 1200
. "${0%/*}/lib.sh"
version rustc
export LIMIT=600
if command -v rustc >/dev/null; then
  cat >m.rs <<'X'
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{mpsc, Arc, Mutex};
use std::thread;
fn total(n: u64) -> u64 {
    let sum = Arc::new(Mutex::new(0));
    let ts: Vec<_> = (0..n).map(|i| { let s = sum.clone(); thread::spawn(move || *s.lock().unwrap() += i) }).collect();
    for t in ts { t.join().unwrap(); }
    let x = *sum.lock().unwrap(); x
}
fn main() {
    println!("threads {}", total(20));
    let (tx, rx) = mpsc::channel();
    thread::spawn(move || for i in 0..100 { tx.send(i).unwrap() });
    println!("channel {}", rx.iter().sum::<i32>());
    let l = TcpListener::bind("127.0.0.1:0").unwrap();
    let a = l.local_addr().unwrap();
    let t = thread::spawn(move || TcpStream::connect(a).unwrap().write_all(b"net").unwrap());
    let mut s = String::new();
    l.accept().unwrap().0.read_to_string(&mut s).unwrap(); t.join().unwrap();
    println!("{}", s);
    let o = Command::new("sh").args(["-c", "echo child; exit 3"]).output().unwrap();
    println!("{:?} {:?}", String::from_utf8(o.stdout), o.status.code());
    println!("panic {}", thread::spawn(|| { let v: Vec<i32> = vec![]; v[1] }).join().is_err());
}
#[test]
fn adds() { assert_eq!(total(10), 45) }
X
  check "rustc" rustc -O m.rs
  same "what it built runs" 'threads 190
channel 4950
net
Ok("child\n") Some(3)
panic true' sh -c './m 2>/dev/null'
  like "its unit tests" "test result: ok. 1 passed" bash -c 'rustc --test m.rs -o t && ./t'
else
  echo "skip rustc: not here"
fi
mkdir -p tree && for i in $(seq 200); do mkdir -p tree/d$((i % 20)); echo "line needle$i" >tree/d$((i % 20))/f$i.txt; done
if command -v rg >/dev/null; then
  same "ripgrep with threads" "111" bash -c 'rg -j 4 needle1 tree | wc -l'
  same "ripgrep maps files" "1" rg --mmap -c 'needle42$' tree/d2/f42.txt
else
  echo "skip ripgrep: not here"
fi
if command -v fdfind >/dev/null; then
  same "fd" "200" bash -c 'fdfind -e txt . tree | wc -l'
  same "fd runs commands" "line needle7" fdfind -x cat {} \; '^f7.txt$' tree
else
  echo "skip fd: not here"
fi
