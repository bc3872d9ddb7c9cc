#include <xgrad/core/build_info.hpp>

#include <cstdio>

int main() { std::puts(xgrad::build_info().c_str()); }
