# Runs every program of the host that runs as another user.
# outcome: success
# limits: wall_seconds=20 cpu_seconds=10
# stdout: Uid: 99999 99999 99999 99999
find /usr/bin /usr/sbin /usr/lib/openssh /usr/lib/polkit-1 -perm /6000 -type f 2>/dev/null | while read -r program; do
    timeout 0.2 "$program" -c id </dev/null 2>/dev/null | grep -q uid=0 && echo "ESCAPED: $program"
done
su -c 'echo ESCAPED' </dev/null 2>/dev/null
echo $(grep Uid: /proc/self/status)
