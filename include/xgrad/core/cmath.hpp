// <cmath>, once. Other headers are read once by themselves, for their first line is their guard; libstdc++'s <cmath>
// includes <math.h> before it, so that compilers go through its 1900 lines again wherever it is named. g++ runs out of
// numbers for the places in so many lines, and then notes each place apart, which takes much memory.
#pragma once

#include <xgrad/core/config.hpp>

#include <cmath>
