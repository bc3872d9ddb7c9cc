#include "../side.hpp"
#include "cases.hpp"

#include <xgrad/core/build_info.hpp>
#include <xgrad/core/parallel.hpp>

int main(int argc, char** argv) {
    bench::add_networks();
    bench::add_elementwise();
    bench::add_products();
    bench::add_limits();
    return bench::main(argc, argv, [](int threads) { xgrad::set_num_threads(threads); }, xgrad::build_info);
}
