#define XGRAD_COMPILED_TYPE double
#include "instances.hpp"
