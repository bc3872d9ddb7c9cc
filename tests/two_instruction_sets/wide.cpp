// Compiled for AVX2: see plain.cpp.
#include "support/unit.hpp"

unit wide_unit();
unit wide_unit() { return this_unit(); }
