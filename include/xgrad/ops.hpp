// Every operation, for users: nothing inside the library includes it.
#pragma once

#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/attention.hpp>
#include <xgrad/ops/batch_norm.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/hyperbolic.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/local_response_norm.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/map.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/normalize.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/rotary.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/softmax.hpp>
#include <xgrad/ops/special.hpp>
#include <xgrad/ops/take.hpp>
#include <xgrad/ops/trigonometric.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/ops/weight_norm.hpp>
