#!/bin/sh
# Tests the MNIST example on a few images made here: sh mnist_test.sh PROGRAM
set -eu

program=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
unset XGRAD_MNIST_DIR XGRAD_FASHION_MNIST_DIR || :
export HOME="$work/home" XDG_CACHE_HOME="$work/cache" LC_ALL=C

failures=0
complain() {
    echo "FAILED: $*"
    sed 's/^/    /' output errors
    failures=$((failures + 1))
}

# `expect STATUS TEXT ARGUMENT...`: the program ends with STATUS and says TEXT, in one line where it refuses.
expect() {
    status=$1 text=$2
    shift 2
    result=0
    "$program" "$@" >output 2>errors || result=$?
    [ "$result" -eq "$status" ] || complain "$*: ended with $result, not $status"
    cat output errors | grep -qF -- "$text" || complain "$*: does not say \"$text\""
    if [ "$status" -ne 0 ]; then
        [ "$(wc -l <errors)" -eq 1 ] || complain "$*: does not say it in one line"
    fi
}

# Twenty images, each of another grey, twice each label.
mkdir -p data
for part in train t10k; do
    { printf '\0\0\10\3\0\0\0\24\0\0\0\34\0\0\0\34'
      for grey in 01 11 21 31 41 51 61 71 101 111 121 131 141 151 161 171 201 211 221 231; do
          head -c 784 /dev/zero | tr '\0' "\\$grey"
      done; } >"data/$part-images-idx3-ubyte"
    { printf '\0\0\10\1\0\0\0\24'
      printf '\0\1\2\3\4\5\6\7\10\11\0\1\2\3\4\5\6\7\10\11'; } >"data/$part-labels-idx1-ubyte"
done

expect 0 '--batch-size N' --help
expect 0 'xgrad ' --version
expect 2 'there is no option --epoch; see --help' --epoch 3
expect 2 'there is no option 3; see --help' 3
expect 2 '--epochs needs a value' --epochs
expect 2 '--epochs needs a value' --epochs --data data
expect 2 '--lr needs a value' --lr=
expect 2 '--epochs takes a whole number from 1 to 10000, not "two"' --epochs two
expect 2 '--epochs takes a whole number from 1 to 10000, not "0"' --epochs=0
expect 2 '--epochs takes a whole number from 1 to 10000, not "5x"' --epochs 5x
expect 2 '--seed takes a whole number' --seed -1
expect 2 '--seed takes a whole number' --seed 99999999999999999999999
expect 2 '--lr takes a number from 0 to 1000, not "nan"' --lr nan
expect 2 '--lr takes a number from 0 to 1000, not "-1"' --lr -1
expect 2 '--momentum takes a number from 0 to 0.999, not "1"' --momentum 1
expect 2 '--model takes mlp or cnn, not "rnn"' --model rnn
expect 2 '--optimizer takes sgd, adam, adamw, nadam, rmsprop or lion, not "lbfgs"' --optimizer lbfgs
expect 2 '--momentum is of --optimizer sgd; adam has its own' --momentum 0.5 --optimizer adam
expect 2 '--threads takes a whole number from 1 to 1024, not "0"' --threads 0
expect 2 '--dataset takes mnist or fashion, not "cifar"' --dataset cifar
expect 2 'nothing new to --save' --load a --save b
expect 2 'no run to --resume' --load a --resume b
expect 1 'run.sh` gets them'
expect 1 'run.sh --dataset fashion` gets them' --dataset fashion
expect 1 "there are no files of MNIST in nowhere" --data nowhere
expect 1 'there is no folder nowhere to --save into' --data data --save nowhere/weights
expect 1 'data (from --save) is a folder' --data data --save data
expect 1 'nothing.safetensors' --data data --load nothing.safetensors

few="--data data --epochs 2 --batch-size 5"
expect 0 'epoch 2/2  loss ' $few --save weights.safetensors
expect 0 'the report is in page.html' $few --resume run.state --report page.html
grep -qF 'duration' page.html || complain "--report: page.html does not say how long it took"
grep -q '</html>' page.html || complain "--report: page.html has no end"
expect 0 'run.state has 2 epochs of this run' $few --resume run.state --report again.html
grep -qF '"steps":[1,2]' again.html || complain "--resume: the report has not the curves of the whole run"
grep -qE '^test accuracy: [0-9]+\.[0-9][0-9] %$' output || complain "no line with the test accuracy"
grep -q 'taken for' output || complain "no picture of what it got wrong"
[ "$(tr -d '\n -~' <output | wc -c)" -eq 0 ] || complain "other characters than those of ASCII in a file"
[ -s weights.safetensors ] || complain "no weights were saved"
accuracy=$(grep '^test accuracy' output)
expect 0 "$accuracy" --data data --load weights.safetensors
expect 0 "$accuracy" $few --threads=1
expect 1 'run.state (from --resume) is a run with another --optimizer' $few --resume run.state --optimizer adamw
expect 1 'run.state (from --resume) is a run with another --model' $few --resume run.state --model cnn
expect 1 'run.state (from --resume) is a run with another --dataset' $few --resume run.state --dataset fashion
expect 1 'weights.safetensors' --data data --load weights.safetensors --model cnn

# Every optimizer, and the other network: saved, read, and gone on with.
for optimizer in sgd adam adamw nadam rmsprop lion; do
    expect 0 'test accuracy' $few --optimizer "$optimizer" --report page.html
    grep -qF "<dd>$optimizer</dd>" page.html || complain "--optimizer $optimizer: the report does not name it"
done
convolutional="--data data --batch-size 5 --model cnn --optimizer adam"
expect 0 'two convolutions' $convolutional --epochs 1 --resume cnn.state
expect 0 'cnn.state has 1 epochs of this run' $convolutional --epochs 2 --resume cnn.state --report page.html --save cnn.safetensors
grep -qF '"steps":[1,2]' page.html || complain "--model cnn --resume: the report has not the curves of the whole run"
accuracy=$(grep '^test accuracy' output)
expect 0 "$accuracy" --data data --model cnn --load cnn.safetensors
XGRAD_MNIST_DIR=data expect 0 'test accuracy' --epochs 1
expect 0 "T-shirt" $few --dataset fashion

cp data/train-labels-idx1-ubyte kept
head -c 20 kept >data/train-labels-idx1-ubyte
expect 1 'data/train-labels-idx1-ubyte' $few
cp kept data/train-labels-idx1-ubyte

# Interrupted, it leaves the weights of an earlier run alone, and nothing beside them.
mkdir saved
cp weights.safetensors saved/weights
"$program" $few --epochs 10000 --lr 0.001 --save saved/weights >output 2>errors &
sleep 1
kill -INT $!
result=0
wait $! || result=$?
[ "$result" -eq 130 ] || complain "interrupted, it ended with $result and not 130"
cmp -s weights.safetensors saved/weights || complain "interrupted, it changed the saved weights"
[ "$(ls saved)" = weights ] || complain "interrupted, it left $(ls saved)"

[ "$failures" -eq 0 ]
