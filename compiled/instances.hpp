// Everything that xgrad::compiled defines: what the headers list behind XGRAD_INSTANCE, for the real type
// XGRAD_COMPILED_TYPE and the instruction set of the flags.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/upstream.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/ops/conv_blocked.hpp>
#include <xgrad/optim.hpp>
