// Loss functions.
#pragma once

#include <xgrad/ops/loss/cross_entropy.hpp>
#include <xgrad/ops/loss/ctc.hpp>
#include <xgrad/ops/loss/likelihood.hpp>
#include <xgrad/ops/loss/margin.hpp>
#include <xgrad/ops/loss/probability.hpp>
#include <xgrad/ops/loss/regression.hpp>
#include <xgrad/ops/loss/similarity.hpp>
