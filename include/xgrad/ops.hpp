// Every operation, for users: nothing inside the library includes it.
#pragma once

#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/activation_piecewise.hpp>
#include <xgrad/ops/activation_smooth.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/bitwise.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/finite.hpp>
#include <xgrad/ops/glu.hpp>
#include <xgrad/ops/hyperbolic.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/lerp.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/logic.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/map.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/rearrange.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/rounding.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/softmax.hpp>
#include <xgrad/ops/special.hpp>
#include <xgrad/ops/take.hpp>
#include <xgrad/ops/trigonometric.hpp>
#include <xgrad/ops/view.hpp>
