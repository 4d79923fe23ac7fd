package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"zoo/test/ensemble"
)

// The package has what a Debian package must say, and no file of another one's.
func TestTheDebianPackageSaysWhatItIs(t *testing.T) {
	file := artefact(t, ".deb")
	out, err := exec.Command("dpkg-deb", "--field", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"Package: zoo-server\n", "Version: 9.8.7+rc1\n",
		"Conflicts: zoo\n"} {
		if !strings.Contains(string(out), line) {
			t.Errorf("no %q in\n%s", line, out)
		}
	}
	list, err := exec.Command("dpkg-deb", "--contents", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"./usr/bin/zoo\n", "./usr/lib/systemd/system/zoo.service\n",
		"./usr/share/zoo/bin/zkServer.sh\n", "./etc/zookeeper/conf_zoo/zoo.cfg\n",
		"./usr/share/bash-completion/completions/zoo\n",
		"./usr/share/zsh/vendor-completions/_zoo\n",
		"./usr/share/fish/vendor_completions.d/zoo.fish\n"} {
		if !strings.Contains(string(list), name) {
			t.Errorf("no %q in\n%s", name, list)
		}
	}
	for line := range strings.Lines(string(list)) {
		if !strings.Contains(line, " root/root ") {
			t.Error(line)
		}
	}
	dir := t.TempDir()
	if out, err := exec.Command("dpkg-deb", "--control", file, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	conffiles, err := os.ReadFile(filepath.Join(dir, "conffiles"))
	if want := "/etc/default/zoo\n/etc/zookeeper/conf_zoo/zoo.cfg\n" +
		"/etc/zookeeper/conf_zoo/zookeeper-env.sh\n"; err != nil || string(conffiles) != want {
		t.Errorf("conffiles: %s (%v)", conffiles, err)
	}
}

// installation installs, upgrades and purges a package in a copy of this machine's system
// that is gone afterwards: what is written lies in memory, in a mount namespace of its own.
// Debian's own zookeeper may be there or not; the package brings its configuration to the
// place where the other one has it, and steps back where that is.
const installation = `
set -eu
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/system"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$1/system"
mount --bind /dev "$1/system/dev"
mount -t proc none "$1/system/proc"
cat >"$1/system/package.deb"
exec chroot "$1/system" /bin/sh -eu <<'END'
export DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
update-alternatives --remove-all zookeeper-conf 2>/dev/null || true
dpkg --install /package.deb >/dev/null
echo "user: $(getent passwd zookeeper | cut -d: -f6)"
echo "conf: $(readlink -f /etc/zookeeper/conf)"
echo "data: $(stat -c %U:%G:%a /var/lib/zookeeper)"
zoo config explain /etc/zookeeper/conf/zoo.cfg >/dev/null && echo "understood"
/usr/share/zoo/bin/zkServer.sh print-cmd 2>/dev/null | sed 's/ >.*//'
echo "# mine" >>/etc/zookeeper/conf/zoo.cfg
mkdir /var/lib/zookeeper/of-mine
dpkg --install /package.deb >/dev/null
echo "kept: $(tail -n 1 /etc/zookeeper/conf/zoo.cfg)"
mkdir -p /etc/zookeeper/conf_example
update-alternatives --install /etc/zookeeper/conf zookeeper-conf \
	/etc/zookeeper/conf_example 5 >/dev/null 2>&1
echo "beside Java's: $(readlink -f /etc/zookeeper/conf)"
dpkg --remove zoo-server >/dev/null
echo "removed: $(readlink -f /etc/zookeeper/conf), zoo.cfg $(ls /etc/zookeeper/conf_zoo | wc -l)"
dpkg --purge zoo-server >/dev/null 2>&1
echo "purged: $(ls -d /etc/zookeeper/conf_zoo /usr/bin/zoo 2>/dev/null | wc -l) files," \
	"data $(ls -d /var/lib/zookeeper/of-mine)"
END
`

func TestThePackageIsInstalledUpgradedAndPurged(t *testing.T) {
	_, err := exec.LookPath("dpkg")
	ensemble.LeaveOut(t, "dpkg", err)
	if os.Getuid() != 0 {
		ensemble.LeaveOut(t, "root, who may mount", os.ErrPermission)
	}
	dir := t.TempDir()
	f, err := os.Open(artefact(t, ".deb"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := exec.Command("unshare", "--mount", "sh", "-c", installation, "sh", dir)
	cmd.Stdin = f
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, problems.String())
	}
	want := `user: /var/lib/zookeeper
conf: /etc/zookeeper/conf_zoo
data: zookeeper:zookeeper:750
understood
"/usr/bin/zoo" serve "/usr/share/zoo/conf/zoo.cfg"
kept: # mine
beside Java's: /etc/zookeeper/conf_example
removed: /etc/zookeeper/conf_example, zoo.cfg 2
purged: 0 files, data /var/lib/zookeeper/of-mine
`
	if string(out) != want {
		t.Errorf("got\n%swant\n%s%s", out, want, problems.String())
	}
}
