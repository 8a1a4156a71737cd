#!/usr/bin/env bash
# No committed text names a package registry's host or a folder of somebody's machine: such a line works for its author
# and fails, or leads astray, everywhere else. Registries come from how cargo, npm, pip, apt and go are set up.

. "$(dirname "$0")/lib.sh"

# By the names that registries' hosts begin with.
hosts='https?://(archive|deb|files|index|proxy|registry|security|static|sum)[.]'
# A path of the house's own containers (/home/nonroot) or of CI runners names no machine.
folders='(^|[^A-Za-z0-9_.$~-])/(root|work(-[A-Za-z0-9_-]*)?|Users|home/[a-z][A-Za-z0-9_-]*)/'
allowed_folders='/home/(nonroot|runner)/'

cd "$ROOT"
git rev-parse --is-inside-work-tree >/dev/null 2>&1 || {
    cannot "the search of committed text" "$ROOT is not a git checkout" "clone the repository"
    exit 0
}

# A pattern that finds nothing where there is something would pass for ever.
for sample in 'fetch http''s://registry.example/x' 'see http''://deb.example/debian'; do
    grep -qE "$hosts" <<<"$sample" || die "the pattern of hosts does not match '$sample'"
done
for sample in 'cd /ro''ot/.cargo/bin' 'in "/ho''me/ann/src/x"'; do
    grep -qE "$folders" <<<"$sample" || die "the pattern of folders does not match '$sample'"
done

failed=0
refuse() {
    if [ -n "$2" ]; then
        printf 'error: %s\n%s\n' "$1" "$2" >&2
        failed=1
    fi
}
refuse "committed text names a registry's host" "$(git grep -nIE "$hosts" -- . || true)"
refuse "committed text names a folder of one machine" \
    "$(git grep -nIE "$folders" -- . | grep -vE "$allowed_folders" || true)"
[ "$failed" -eq 0 ] || exit 1
echo "text ok"
