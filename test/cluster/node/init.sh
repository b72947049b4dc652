#!/usr/bin/env bash
# The first process of a node: makes its namespaces into a machine of its own, then holds them open. When it ends, the
# kernel ends every process of the node and drops its mounts.
# Arguments: the node's folder, the name of its control group, the program that waits.
set -euo pipefail
folder=$1 group=$2 pause=$3

# The kubelet shares mounts with pods: within the node, not with the machine.
mount --make-rshared /
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
for path in /var/lib/kubelet /var/lib/containerd /var/lib/cni /var/log/pods /var/log/containers; do
  mkdir -p "$path" "$folder$path"
  mount --bind "$folder$path" "$path"
done

if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mkdir -p "/sys/fs/cgroup/$group"
else
  # Version 1. What the kernel has but nobody has mounted makes runc stumble.
  for name in hugetlb net_cls,net_prio perf_event; do
    mountpoint -q "/sys/fs/cgroup/$name" && continue
    mkdir -p "/sys/fs/cgroup/$name" 2>/dev/null || continue
    mount -t cgroup -o "$name" cgroup "/sys/fs/cgroup/$name" 2>/dev/null || true
  done
  for hierarchy in /sys/fs/cgroup/*/; do
    [ "$(stat -f -c %T "$hierarchy")" = tmpfs ] && continue
    mkdir -p "$hierarchy$group"
    for name in cpuset.cpus cpuset.mems; do
      [ ! -e "$hierarchy$name" ] || cat "$hierarchy$name" >"$hierarchy$group/$name"
    done
  done
fi

hostname node1
ip link set lo up
touch "$folder/namespaces-are-made"
exec "$pause"
