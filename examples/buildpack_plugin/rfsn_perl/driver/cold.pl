# Runs tests and signs their results (see buildpacks/result_lines.py). The children that run code of the tree never get
# the key: it comes on standard input, which is read and closed before the first of them starts.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256_hex);
use File::Find ();
use JSON::PP ();
use POSIX ();
use Time::HiRes ();

delete @ENV{qw(PERL5LIB PERL5OPT)};
my $json = JSON::PP->new->canonical->utf8;
my $job  = $json->decode(do { local $/; scalar readline STDIN });
close STDIN;
my $key = pack 'H*', delete $job->{key};
syscall(157, 4, 0, 0, 0, 0) if $^O eq 'linux' and -e '/lib64/ld-linux-x86-64.so.2';    # prctl: nobody may trace this process
$| = 1;
my $number = 0;

sub tell_result {
    my $text = $json->encode(shift);
    print hmac_sha256_hex(pack('Q>', $number++) . $text, $key), " $text\n";
}

my %wanted = map { $_ => 1 } @{ $job->{ids} };
my ($failed, $cases) = (0, 0);

sub tell_case {
    my ($id, $outcome, $seconds, $message) = @_;
    return if %wanted and not $wanted{$id};
    $cases++;
    $failed ||= $outcome ne 'passed' && $outcome ne 'skipped';
    tell_result({ case => $id, outcome => $outcome, duration_s => $seconds + 0, message => substr($message, 0, 2000) });
}

# The test files, and a canary beside each: the same file with a test before and after its own that must fail.
my @files;
File::Find::find({ no_chdir => 1, wanted => sub { push @files, $1 if m{^(?:\./)?(.+\.t)$} and -f } },
    grep { -e } @{ $job->{paths} } ? @{ $job->{paths} } : 't')
    if grep { -e } @{ $job->{paths} }, 't';
@files = sort @files;
if (%wanted) {
    my %in = map { (split /::/)[0] => 1 } keys %wanted;
    @files = grep { $in{$_} } @files;
}
my @names = map { sprintf 'canary %08x', rand 0xffffffff } @files;
if ($job->{canaries}) {
    tell_result({ canary => "$files[$_]::$names[$_]" }) for 0 .. $#files;
    %wanted = (%wanted, map { ("$files[$_]::$names[$_]" => 1) } 0 .. $#files) if %wanted;
}
run_file($files[$_], $job->{canaries} ? $names[$_] : '') for 0 .. $#files;
my $end = !$cases ? 5 : $failed ? 1 : 0;
tell_result({ end => $end });
exit $end;

# One file in a process of its own. Its results come over a descriptor that Test::Builder is given (see Rfsn.pm), not
# over its standard output; a plan that is not kept, or a process that ends early, is an error of the file.
sub run_file {
    my ($file, $canary) = @_;
    my $began = Time::HiRes::time();
    pipe(my $tap,  my $tap_in)  or die "pipe: $!";
    pipe(my $said, my $said_in) or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        close $_ for $tap, $said;
        POSIX::setpgid(0, 0);
        open STDIN, '<', '/dev/null';
        open STDOUT, '>&', $said_in;
        open STDERR, '>&', $said_in;
        POSIX::dup2(fileno $tap_in, 9);
        my $limit = int(($job->{limits}{$file} // $job->{limit}) + 1);
        $ENV{RFSN_CANARY} = $canary;
        exec '/bin/sh', '-c', "ulimit -t $limit; exec \"\$@\"", 'sh', $^X, '-I/rfsn/perl', '-Ilib', '-I.', '-MRfsn', $file;
    }
    close $_ for $tap_in, $said_in;
    my ($results, $output) = (both($tap, $said));
    waitpid $pid, 0;
    my ($status, $seconds) = ($?, Time::HiRes::time() - $began);
    kill 'KILL', -$pid;
    my ($planned, $seen, %of) = (undef, 0);
    for (split /\n/, $results) {
        if (/^1\.\.(\d+)(?:\s*#\s*skip(.*))?/i) { $planned = $1; tell_case("$file\::(all)", 'skipped', 0, $2 // '') if !$1 }
        elsif (/^(not )?ok (\d+)(?: - (.*?))?(?:\s+# (skip|todo)(.*))?$/i) {
            $seen++;
            my $name = defined $3 && length $3 ? $3 : "test $2";
            my $id = "$file\::$name" . ($of{$name}++ ? " ($2)" : '');
            tell_case($id, $4 ? 'skipped' : $1 ? 'failed' : 'passed', 0, $1 ? said_of($output, $name) : '');
        }
    }
    my $signal = $status & 127;
    return tell_case("$file\::(the end)", 'timeout', $seconds, 'it did not end within its limit') if $signal == 24 or $signal == 9;
    return if defined $planned and $planned == $seen and !$signal and ($status >> 8) < 255;
    tell_case("$file\::(the end)", 'error', $seconds, ($output =~ /^(.* at \S+ line \d+.*)/m)[0] // "it ended after $seen tests");
}

# What a failure says: the diagnosis that Test::More writes after the test's name.
sub said_of {
    my ($output, $name) = @_;
    return $output =~ /^#\s+Failed test '\Q$name\E'\n((?:#(?!   Failed| Looks).*\n?)*)/m ? $1 : '';
}

# Read two pipes to their ends, 1 MiB of each at most.
sub both {
    my @texts = ('', '');
    my %open = (0 => shift, 1 => shift);
    while (%open) {
        my $bits = '';
        vec($bits, fileno $_, 1) = 1 for values %open;
        select $bits, undef, undef, undef;
        for my $at (keys %open) {
            next if !vec($bits, fileno $open{$at}, 1);
            my $got = sysread $open{$at}, my $part, 65536;
            if (!$got) { delete $open{$at} }
            elsif (length $texts[$at] < 1 << 20) { $texts[$at] .= $part }
        }
    }
    return @texts;
}
