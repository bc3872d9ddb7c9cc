// Linear algebra: systems of equations, inverses, determinants, decompositions, norms of matrices.
//
//     solve inverse inv triangular_solve lstsq pinv    det slogdet    cholesky qr eigh svd    matrix_norm matrix_power
//
// Names, order and meaning are torch.linalg's. Axes in front of the last two are stacks; where there are two operands, they
// broadcast.
#pragma once

#include <xgrad/ops/decompose/cholesky.hpp>
#include <xgrad/ops/decompose/det.hpp>
#include <xgrad/ops/decompose/eigh.hpp>
#include <xgrad/ops/decompose/lstsq.hpp>
#include <xgrad/ops/decompose/matrix_norm.hpp>
#include <xgrad/ops/decompose/matrix_power.hpp>
#include <xgrad/ops/decompose/pinv.hpp>
#include <xgrad/ops/decompose/qr.hpp>
#include <xgrad/ops/decompose/solve.hpp>
#include <xgrad/ops/decompose/svd.hpp>
#include <xgrad/ops/decompose/triangular.hpp>
