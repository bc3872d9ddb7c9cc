// A side of the benchmarks' comparison with one case: see side_test.sh.
#include "../../benchmarks/side.hpp"

int main(int argc, char** argv) {
    bench::add("one", [] { return bench::timed([] { return 1.0f; }, [](float x) { return std::vector<bench::piece>{{"x", {x}}}; }); });
    return bench::main(argc, argv, [](int) {});
}
