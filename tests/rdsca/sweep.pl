#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Runs a command of rdsca again and again, while another one of its allocations
# fails each time, and judges what is left behind.
#
# usage: sweep.pl PRELOAD DIRECTORY OLD NEW own|lasting|libraries RUNS COMMAND...
#
# PRELOAD is build/faults.so.  DIRECTORY holds the bundle OLD before each run,
# under the name of NEW, and OLD or NEW whole after it; NEW where the command
# says that all is well.  RDS_SWEEP_UNDER is a checker that the command runs
# under.  "lasting": all allocations behind fail, too.  RUNS
# is how many there are, spread evenly; 0 for all.  Prints what is wrong, and
# last a line of figures; ends with 1 where anything was.
use strict;
use warnings;
use Fcntl qw(:flock O_RDONLY);
use File::Basename qw(basename dirname);
use File::Copy qw(copy);
use File::Temp qw(tempdir);
use JSON::PP qw(decode_json);

my ($preload, $directory, $old, $new, $kind, $most, @command) = @ARGV;
die "usage: sweep.pl PRELOAD DIRECTORY OLD NEW KIND RUNS COMMAND...\n"
    unless @command;
my $name = basename($new);
my $work = tempdir(CLEANUP => 1);
my $as_json = grep { $_ eq '--json' } @command;
my @under = split(' ', $ENV{RDS_SWEEP_UNDER} // '');
my $word = "rdsca $command[1]: ";
my $lines = $as_json ? 2 : 1; # that the report cannot be printed is one more
my ($bad, %endings) = (0);

sub slurp {
    my ($path) = @_;
    local $/;
    open(my $file, '<', $path) or return '';
    my $text = <$file>;
    return $text // '';
}

sub fresh {
    unlink(grep { -f } glob("$directory/* $directory/.[a-z]*"));
    mkdir($directory, 0755);
    copy($old, "$directory/$name") or die "$old: $!\n";
    my $day_ago = time() - 86400;
    utime($day_ago, $day_ago, "$directory/$name") or die "$name: $!\n";
}

# Its status as wait(2) has it; the rest is in the work folder.
sub run {
    my ($at) = @_;

    unlink("$work/report");
    my $child = fork() // die "fork: $!\n";
    if ($child == 0) {
        open(STDOUT, '>', "$work/out") or die;
        open(STDERR, '>', "$work/err") or die;
        $ENV{RDS_FAULT_AT} = $at;
        $ENV{RDS_FAULT_IN} = $kind eq 'libraries' ? $kind : 'own';
        $ENV{RDS_FAULT_LASTING} = 1 if $kind eq 'lasting';
        $ENV{RDS_FAULT_REPORT} = "$work/report";
        alarm(120 * ($ENV{RDS_SLOW} // 1));
        exec(@under, 'env', "LD_PRELOAD=$preload", @command) or die;
    }
    waitpid($child, 0);
    return $?;
}

sub lock_is_free {
    sysopen(my $handle, $directory, O_RDONLY) or return 0;
    return flock($handle, LOCK_EX | LOCK_NB);
}

sub said_well {
    my ($out) = @_;

    return $out =~ /^\Q$name\E: installed, / unless $as_json;
    my $document = eval { decode_json($out) } or return 0;
    return $document->{exit} == 0 && @{$document->{bundles}} == 1
        && $document->{bundles}[0]{result} eq 'installed'
        && @{$document->{bundles}[0]{anchors}} != 0;
}

# What is wrong with a run, or nothing.
sub judge {
    my ($status, $allowed) = @_;
    my ($out, $err) = (slurp("$work/out"), slurp("$work/err"));
    my ($there, $code) = (slurp("$directory/$name"), $status >> 8);
    my $is_new = $there eq slurp($new);
    my @files = grep { !/^\.\.?$/ } map { basename($_) }
        glob("$directory/* $directory/.*");
    my @strange = grep { !$allowed->{$_} } @files;

    return 'ended by signal ' . ($status & 127) if $status & 127;
    return 'the bundle is neither the old nor the new one'
        unless $is_new || $there eq slurp($old);
    return "left behind: @strange" if @strange;
    return 'the directory is still locked' unless lock_is_free();
    return 'blocks that were not freed: ' . slurp("$work/report")
        if slurp("$work/report") !~ /^\d+ 0$/;
    if ($code == 0) {
        return 'not installed, but it says that all is well' unless $is_new;
        return "it does not say what it did: $out" unless said_well($out);
        return "fine, but it complains: $err" if $err ne '';
        return;
    }
    return "status $code: $err" unless $code == 3 || $code == 4;
    return "status $code, and not one line of its own: $err"
        unless $err =~ /^(\Q$word\E[^\n]+\n){1,$lines}\z/;
    return;
}

fresh();
my $plain = run(0);
my ($count) = slurp("$work/report") =~ /^(\d+)/;
die "it does not work anyway: status $plain, ", slurp("$work/err")
    if $plain != 0 || !$count;
my %allowed = map { basename($_) => 1 } glob("$directory/* $directory/.*");
my $step = $most ? int($count / $most) + 1 : 1;
my $runs = 0;

for (my $at = 1; $at <= $count; $at += $step) {
    fresh();
    my $status = run($at);
    my $wrong = judge($status, \%allowed);

    $runs++;
    $endings{$status & 127 ? 'signal' : $status >> 8}++;
    next unless defined($wrong);
    chomp($wrong);
    print "allocation $at: $wrong\n" if $bad++ < 10;
}
fresh();
print "does not work any more\n" and $bad++
    if run(0) != 0 || slurp("$directory/$name") ne slurp($new);
print "$runs of $count, status ",
    join(', ', map { "$_: $endings{$_}" } sort keys %endings), "\n";
exit($bad ? 1 : 0);
