// Products: of matrices (matmul, linear, bmm, addmm), of vectors (dot, vdot, inner, outer, cross), over any axes (einsum,
// tensordot), of blocks (kron); the sum of a diagonal (trace), and distances between rows (cdist).
#pragma once

#include <xgrad/ops/addmm.hpp>
#include <xgrad/ops/cdist.hpp>
#include <xgrad/ops/dot.hpp>
#include <xgrad/ops/einsum.hpp>
#include <xgrad/ops/kron.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/tensordot.hpp>
