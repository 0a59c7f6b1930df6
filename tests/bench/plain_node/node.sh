# Brings up the node that was recorded, one step after the other. Arguments of etcd and the kubelet, one
# a line, certificates, manifests and settings are those that the other node had.
export PATH=/plain/bin:/usr/sbin:/usr/bin:/sbin:/bin
/plain/busybox mount -t proc proc /proc
/plain/busybox --install -s /plain/bin
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm /dev/mqueue
mount -t devpts -o gid=5,ptmxmode=666 devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t mqueue mqueue /dev/mqueue
mount -t tmpfs -o mode=0755 tmpfs /run
mount -t tmpfs tmpfs /tmp
for module in $(cat /plain/modules/order); do insmod /plain/modules/$module; done
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 -o nsdelegate,memory_recursiveprot cgroup2 /sys/fs/cgroup
cd /sys/fs/cgroup
mkdir init system podruntime
echo 1 > init/cgroup.procs
for group in . system podruntime; do
  echo "+cpu +cpuset +memory +pids +io +hugetlb" > $group/cgroup.subtree_control
done
mkdir podruntime/runtime podruntime/kubelet podruntime/etcd
cd /

mount -t xfs /dev/vda /var
for target in etc/kubernetes etc/cni usr/libexec/kubernetes opt; do
  layer=/var/system/overlays/$(echo $target | tr / -)
  mount -t overlay -o lowerdir=/$target,upperdir=$layer-diff,workdir=$layer-workdir overlay /$target
done
mount --make-rshared /
for archive in /plain/files/*.tgz; do
  directory=$(cat ${archive%.tgz}.path)
  mkdir -p $directory
  tar -xzf $archive -C $directory
done

while read name value; do echo $value > /proc/sys/$name; done < /plain/sysctls
hostname $(cat /plain/hostname)
cat /plain/machine-id > /etc/machine-id
echo "nameserver 10.0.2.3" > /etc/resolv.conf
echo "127.0.0.1 localhost $(hostname)" > /etc/hosts
ip link set lo up
ip link set eth0 up
ip address add 10.0.2.15/24 dev eth0
ip route add default via 10.0.2.2

# Runs a program in its control group: group, log, program, arguments.
start() {
  group=$1 log=$2
  shift 2
  (echo 0 > /sys/fs/cgroup/podruntime/$group/cgroup.procs; exec "$@" > /run/$log.log 2>&1) &
}
arguments() { tr '\n' ' ' < /plain/$1.args; }

manifests=/etc/kubernetes/manifests
mkdir /run/later
mv $manifests/*controller-manager* $manifests/*scheduler* /run/later/
export GOGC=50
start runtime cri containerd --address /run/containerd/containerd.sock \
  --config /etc/cri/containerd.toml
unset GOGC
start etcd etcd /plain/etcd $(arguments etcd)
until [ -S /run/containerd/containerd.sock ]; do usleep 100000; done
start kubelet kubelet /plain/kubelet $(arguments kubelet)
until grep -q "ready to serve client requests" /run/etcd.log; do usleep 200000; done
echo "plain node: etcd serves"
# The controllers exit where the API server is not ready: who watches it from outside says when.
head -n 1 /dev/ttyS1 > /dev/null
mv /run/later/* $manifests/
wait
