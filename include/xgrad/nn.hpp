// Every layer, and what treats modules as a whole, for users: nothing inside the library includes it.
#pragma once

#include <xgrad/nn/activation.hpp>
#include <xgrad/nn/attention.hpp>
#include <xgrad/nn/attention_input.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/bilinear.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/conv_transpose.hpp>
#include <xgrad/nn/dropout.hpp>
#include <xgrad/nn/embedding.hpp>
#include <xgrad/nn/flatten.hpp>
#include <xgrad/nn/group_norm.hpp>
#include <xgrad/nn/gru.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/lstm.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/normalize.hpp>
#include <xgrad/nn/pooling.hpp>
#include <xgrad/nn/positional.hpp>
#include <xgrad/nn/residual.hpp>
#include <xgrad/nn/rnn.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/nn/summary.hpp>
#include <xgrad/nn/transformer_decoder.hpp>
#include <xgrad/nn/transformer_encoder.hpp>
