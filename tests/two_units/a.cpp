// One of two translation units that include every header. A function or a variable in one of them that is
// not inline is defined twice, and the program does not link.
#include <all_headers.hpp>

#include <cstdio>

const void* address_in_b();

int main() {
    if (static_cast<const void*>(&xgrad::memory::detail::common()) != address_in_b()) {
        std::puts("each translation unit has a memory pool of its own");
        return 1;
    }
}
