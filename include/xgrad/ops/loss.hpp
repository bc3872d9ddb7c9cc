// Loss functions.
#pragma once

#include <xgrad/ops/loss/cosine_embedding.hpp>
#include <xgrad/ops/loss/cosine_similarity.hpp>
#include <xgrad/ops/loss/cross_entropy.hpp>
#include <xgrad/ops/loss/ctc.hpp>
#include <xgrad/ops/loss/gaussian_nll.hpp>
#include <xgrad/ops/loss/kl_div.hpp>
#include <xgrad/ops/loss/margin.hpp>
#include <xgrad/ops/loss/multi_margin.hpp>
#include <xgrad/ops/loss/nll.hpp>
#include <xgrad/ops/loss/poisson_nll.hpp>
#include <xgrad/ops/loss/probability.hpp>
#include <xgrad/ops/loss/regression.hpp>
#include <xgrad/ops/loss/triplet_margin.hpp>
