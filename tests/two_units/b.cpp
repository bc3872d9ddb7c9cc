// The other one: see a.cpp.
#include <all_headers.hpp>

const void* address_in_b();
const void* address_in_b() { return &xgrad::memory::detail::common(); }
