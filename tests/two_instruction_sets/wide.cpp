// Compiled for AVX2: see plain.cpp.
#include "product.hpp"

outcome compute_wide();
outcome compute_wide() { return compute(); }
