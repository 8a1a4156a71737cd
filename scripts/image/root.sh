#!/usr/bin/env bash
# root.sh BINARY FOLDER: the file system of the image. As root the owners are those of the image; otherwise the writer of
# the archive (oci.py) gives them.

. "$(dirname "$0")/../lib.sh"

binary=$1 folder=$2
# Mozilla's list as Debian packs it, not the bundle of this machine, which may hold authorities of its owner.
authorities=/usr/share/ca-certificates/mozilla
[ -d "$authorities" ] || die "there is no $authorities; on Debian and Ubuntu: apt-get install ca-certificates"

umask 022
mkdir -p "$folder/etc/ssl/certs" "$folder/var/lib/orgpulse" "$folder/tmp"
install -m 0755 "$binary" "$folder/orgpulse"
find "$authorities" -name '*.crt' -print0 | LC_ALL=C sort -z | xargs -0 cat >"$folder/etc/ssl/certs/ca-certificates.crt"
echo 'orgpulse:x:65532:65532:orgpulse:/var/lib/orgpulse:/sbin/nologin' >"$folder/etc/passwd"
echo 'orgpulse:x:65532:' >"$folder/etc/group"
chmod 0700 "$folder/var/lib/orgpulse"
chmod 1777 "$folder/tmp"
if [ "$(id -u)" = 0 ]; then
    chown -R 0:0 "$folder"
    chown 65532:65532 "$folder/var/lib/orgpulse"
fi
