// Guards without a name, which would end at once: a warning, which is made an error here.
//
// expect 1: without a name it ends at once: write xg::no_grad guard;
// expect 2: without a name it ends at once: write xg::enable_grad guard;
// expect 3: without a name it ends at once: write xg::set_grad_enabled guard{...};
// expect 4: without a name it ends at once: write xg::single_thread guard{...};
// expect 5: without a name it ends at once: write xg::no_grad guard;
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/parallel.hpp>

#pragma GCC diagnostic error "-Wunused-result"
#pragma GCC diagnostic error "-Wunused-value"

namespace xg = xgrad;

void wrong() {
#if MUST_NOT_COMPILE == 1
    xg::no_grad();
#endif
#if MUST_NOT_COMPILE == 2
    xg::enable_grad();
#endif
#if MUST_NOT_COMPILE == 3
    xg::set_grad_enabled(false);
#endif
#if MUST_NOT_COMPILE == 4
    xg::single_thread(true);
#endif
#if MUST_NOT_COMPILE == 5
    xg::no_grad{};
#endif
    const auto guard = xg::no_grad{};
    const xg::enable_grad other;
}
