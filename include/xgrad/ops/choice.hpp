// Elements chosen, and written where they were chosen: by truth values (where, masked_fill, masked_select, nonzero), and by
// number (take, index_select, embedding, one_hot, gather, take_along_axis, scatter, scatter_add, index_put).
#pragma once

#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/embedding.hpp>
#include <xgrad/ops/gather.hpp>
#include <xgrad/ops/index_put.hpp>
#include <xgrad/ops/masked.hpp>
#include <xgrad/ops/scatter.hpp>
#include <xgrad/ops/take.hpp>
