"""Perl for rfsn: tests in `t/*.t`, written with Test::More, each file in a process of its own."""
