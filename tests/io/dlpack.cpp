#include <doctest/doctest.h>

#include <xgrad/io/dlpack.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>

#include <cstddef>
#include <cstdint>

#if __has_include(<dlpack/dlpack.h>)
#include <dlpack/dlpack.h>
#define XGRAD_TEST_DLPACK 1
#endif

namespace xg = xgrad;

TEST_CASE("there and back, without a copy") {
    auto x = xg::tensor<float, 2>{{1, 2, 3}, {4, 5, 6}};
    auto* const sent = xg::io::to_dlpack(x);
    CHECK(sent->dl_tensor.data == x.data());
    CHECK(sent->dl_tensor.ndim == 2);
    CHECK(sent->dl_tensor.shape[1] == 3);
    CHECK(sent->dl_tensor.strides[0] == 3);
    CHECK(sent->dl_tensor.strides[1] == 1);
    CHECK(static_cast<int>(sent->dl_tensor.dtype.code) == 2);
    {
        const auto y = xg::io::from_dlpack<float>(sent);
        x(1, 2) = 60;
        CHECK(y(1, 2) == 60);
        x = xg::tensor<float, 2>{};
        CHECK(y(0, 0) == 1);   // it holds the elements
    }
}

TEST_CASE("element types") {
    const auto check = [](auto x, int code, int bits) {
        auto* const sent = xg::io::to_dlpack(x);
        CHECK(static_cast<int>(sent->dl_tensor.dtype.code) == code);
        CHECK(static_cast<int>(sent->dl_tensor.dtype.bits) == bits);
        CHECK(xg::array_equal(xg::io::from_dlpack<typename decltype(x)::value_type>(sent), x));
    };
    check(xg::tensor<double, 1>{1, 2}, 2, 64);
    check(xg::tensor<std::int8_t, 1>{1, -2}, 0, 8);
    check(xg::tensor<std::uint32_t, 1>{1, 2}, 1, 32);
    check(xg::tensor<bool, 1>{true, false}, 6, 8);
    check(xg::tensor<float, 0>{3.f}, 2, 32);
}

TEST_CASE("what cannot be shared says why, and stays the caller's") {
    auto x = xg::tensor<float, 2>{{1, 2}, {3, 4}};
    auto* const sent = xg::io::to_dlpack(x);
    CHECK_THROWS_AS(xg::io::from_dlpack<double>(sent), xg::dtype_error);
    sent->dl_tensor.strides[0] = 1;
    sent->dl_tensor.strides[1] = 2;
    CHECK_THROWS_WITH_AS(xg::io::from_dlpack<float>(sent), doctest::Contains("give a contiguous copy"), xg::value_error);
    sent->dl_tensor.strides = nullptr;
    sent->dl_tensor.device.device_type = 2;
    CHECK_THROWS_WITH_AS(xg::io::from_dlpack<float>(sent), doctest::Contains("device type 2"), xg::value_error);
    sent->dl_tensor.device.device_type = 1;
    sent->dl_tensor.byte_offset = 4;
    sent->dl_tensor.shape[1] = 1;
    sent->dl_tensor.shape[0] = 3;
    CHECK(xg::array_equal(xg::io::from_dlpack<float>(sent), xg::tensor<float>{xg::tensor<float, 2>{{2}, {3}, {4}}}));
}

#if defined(XGRAD_TEST_DLPACK)
TEST_CASE("DLPack's own structs") {
    static_assert(sizeof(DLManagedTensor) == sizeof(xg::io::dl_managed_tensor));
    static_assert(offsetof(DLManagedTensor, deleter) == offsetof(xg::io::dl_managed_tensor, deleter));
    static_assert(offsetof(DLTensor, strides) == offsetof(xg::io::dl_tensor, strides));
    static_assert(offsetof(DLTensor, dtype) == offsetof(xg::io::dl_tensor, dtype));
    const auto x = xg::tensor<double, 1>{1, 2, 3};
    CHECK(xg::array_equal(xg::io::from_dlpack<double>(xg::io::to_dlpack<DLManagedTensor>(x)), x));
}
#endif
