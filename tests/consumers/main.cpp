// A user's program: the same for every way to reach the library.
#include <xgrad/xgrad.hpp>

#include <cstdio>

namespace xg = xgrad;

int main() {
    const auto x = xg::zeros<float>({2, 3});
    std::printf("%zu axes, %zu by %zu\n", x.rank(), x.shape()[0], x.shape()[1]);
}
