// What xgrad::compiled has once: the functions that the headers list behind XGRAD_COMMON_INSTANCE.
#define XGRAD_COMPILED_COMMON
#include <xgrad/xgrad.hpp>
