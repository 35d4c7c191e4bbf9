#!/bin/bash
# A Ceph object gateway with one monitor and one OSD in memory, on loopback, for tests and benchmarks.
#   ceph-rgw.sh start FOLDER PORT ACCESS_KEY SECRET_KEY [GIB]     ceph-rgw.sh stop FOLDER
# Needs: apt-get install --no-install-recommends ceph-mon ceph-osd radosgw
set -euo pipefail

action=$1 folder=$(realpath -m "$2")

stop() {
    for name in rgw osd mon; do
        [ -f "$folder/$name.pid" ] || continue
        pid=$(cat "$folder/$name.pid")
        kill "$pid" 2>/dev/null || true
        for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.05; done
        kill -9 "$pid" 2>/dev/null || true
        rm -f "$folder/$name.pid"
    done
}

if [ "$action" = stop ]; then stop; exit 0; fi
port=$3 access=$4 secret=$5 gib=${6:-8}
mkdir -p "$folder"/{mon,osd,run,log}
conf=$folder/ceph.conf
fsid=$(cat /proc/sys/kernel/random/uuid)
# Two free ports for the monitor; several clusters may run beside each other.
mon2=$((port + 1)) mon1=$((port + 2))

cat > "$conf" <<CONF
[global]
fsid = $fsid
mon host = [v2:127.0.0.1:$mon2,v1:127.0.0.1:$mon1]
public network = 127.0.0.0/8
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
ms mon client mode = crc secure
auth cluster required = none
auth service required = none
auth client required = none
run dir = $folder/run
admin socket = $folder/run/\$name.asok
log file = $folder/log/\$name.log
crash dir = $folder/log
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on insecure global id reclaim allowed = false
mon max pg per osd = 2000
mon data avail warn = 1
mon data avail crit = 0
[mon.a]
mon data = $folder/mon
paxos propose interval = 0.05
paxos min wait = 0.01
[osd]
osd data = $folder/osd
osd objectstore = memstore
memstore device bytes = $((gib * 1073741824))
osd memory target = 1500000000
osd op num shards = 2
osd class load list = *
osd class default list = *
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:$port
rgw enable usage log = false
rgw enable ops log = false
rgw override bucket index max shards = 1
rgw dynamic resharding = false
rgw thread pool size = 64
rgw gc obj min wait = 5
rgw gc processor period = 5
rgw gc processor max time = 5
CONF

monmaptool --create --addv a "[v2:127.0.0.1:$mon2,v1:127.0.0.1:$mon1]" --fsid "$fsid" "$folder/monmap" > /dev/null
ceph-mon -c "$conf" --mkfs -i a --monmap "$folder/monmap"
ceph-mon -c "$conf" -i a -f > "$folder/log/mon.out" 2>&1 & echo $! > "$folder/mon.pid"
osd=$(cat /proc/sys/kernel/random/uuid)
ceph -c "$conf" --connect-timeout 20 osd new "$osd" > /dev/null
ceph-osd -c "$conf" -i 0 --mkfs --osd-uuid "$osd" > "$folder/log/mkfs.out" 2>&1
cd / # some builds look for their classes from where they start, by a path without its first slash
ceph-osd -c "$conf" -i 0 -f > "$folder/log/osd.out" 2>&1 & echo $! > "$folder/osd.pid"
radosgw -c "$conf" -n client.rgw.a -f > "$folder/log/rgw.out" 2>&1 & echo $! > "$folder/rgw.pid"
radosgw-admin -c "$conf" -n client.rgw.a user create --uid=test --display-name=test \
    --access-key="$access" --secret-key="$secret" > "$folder/log/user.out" 2>&1
for _ in $(seq 600); do
    curl -s -o /dev/null "http://127.0.0.1:$port/" && exit 0
    sleep 0.05
done
echo "the gateway does not answer; see $folder/log" >&2
exit 1
