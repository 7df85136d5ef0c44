# Does what official rules look for, with real programs, below the folder picket-bait that is named as the first word.
dir=$1
cd "$dir"
cat /etc/shadow "$dir" >/dev/null 2>&1                                   # Read sensitive file untrusted
ln -s /etc/shadow "$dir/soft"                                            # Create Symlink Over Sensitive Files
ln /etc/shadow "$dir/hard"                                               # Create Hardlink Over Sensitive Files
find "$dir" -name id_rsa                                                 # Search Private Keys or Passwords
echo x >"$dir/data"; shred -n 1 "$dir/data"                              # Remove Bulk Data from Disk
cp /bin/true /dev/shm/picket-bait; /dev/shm/picket-bait; rm /dev/shm/picket-bait # Execution from /dev/shm
perl -e 'syscall(101, 0, 0, 0, 0)' picket-bait                           # PTRACE anti-debug attempt
sleep 5 & perl -e 'syscall(101, 16, $ARGV[0], 0, 0); syscall(101, 17, $ARGV[0], 0, 0)' $! picket-bait; kill $! # PTRACE attached to process
perl -e 'my $n = "picket-bait"; my $f = syscall(319, $n, 0); open(my $o, ">&=", $f); open(my $i, "<", "/bin/true"); binmode $_ for $o, $i; local $/; my $d = <$i>; print $o $d; close($i); $o->flush; exec {"/proc/self/fd/$f"} "picket-bait"' picket-bait
perl -e 'open(F, "<", "/tmp/../etc/shadow")' picket-bait                 # Directory traversal monitored file read
touch /dev/picket-bait; rm /dev/picket-bait                              # Create files below dev
touch "$dir/own"; chmod u+s "$dir/own"                                   # Set Setuid or Setgid bit
su nobody -s /bin/sh -c 'perl -e "syscall(323,1)" picket-bait'
touch "$dir/history"; mkdir "$dir/.ssh"; echo k >"$dir/.ssh/authorized_keys"; cat "$dir/.ssh/authorized_keys"; touch "$dir/.bash_history";
rm "$dir/.bash_history"
nmap --version picket-bait >/dev/null                                     # Launch Suspicious Network Tool on Host
