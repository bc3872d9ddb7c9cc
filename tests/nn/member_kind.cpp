#include <doctest/doctest.h>

#include <xgrad/autograd/custom.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/core/xtensor.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/ops/activation.hpp>

#include <any>
#include <array>
#include <atomic>
#include <bitset>
#include <chrono>
#include <complex>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace xg = xgrad;
namespace nn = xgrad::nn;

namespace {

using layer = nn::linear<>;

/// The walk passes over such a member.
template <class M>
constexpr bool passes = nn::detail::look_of<M>() == nn::detail::kind::nothing ||
                        (nn::detail::look_of<M>() == nn::detail::kind::holder && nn::detail::holds_none<M>());

/// The walk ends in a compile error, whose words tests/must_not_compile reads.
template <class M>
constexpr bool refused = nn::detail::look_of<M>() == nn::detail::kind::unseen ||
                         (nn::detail::look_of<M>() == nn::detail::kind::holder && !nn::detail::holds_none<M>());

template <class M>
constexpr bool walked = !passes<M> && !refused<M>;

enum class colour { red };
/// Printed, these have a lambda's name at their ends.
template <class F>
struct with_function {
    layer inner;
    F function;
};
template <class F>
with_function(layer, F) -> with_function<F>;
template <class Tag, class Signature>
struct tagged {
    layer inner;
};
struct lambda_like {};
struct settings {
    int width = 3;
    double rates[2] = {};
};
struct chain {
    std::unique_ptr<chain> next;
    int value = 0;
};
struct incomplete;

// Somebody else's classes, and modules of every kind.
class logger {
public:
    explicit logger(int level) : m_level{level} {}
    int level() const { return m_level; }

private:
    int m_level;
};
struct numbers_of_theirs {   // an engine that the standard library has not
    using result_type = unsigned;
    static constexpr unsigned min() { return 0; }
    static constexpr unsigned max() { return 9; }
    explicit numbers_of_theirs(unsigned seed) : m_state{seed} {}
    unsigned operator()() { return m_state++ % 10; }

private:
    unsigned m_state;
};
struct plain {
    layer inner{1, 1};
};
struct plain_final final {
    layer inner{1, 1};
};
struct with_forward {
    explicit with_forward(std::size_t width) : inner{width, width} {}
    auto forward(const auto& x) const { return inner(x); }
    layer inner;
};
struct callable {
    explicit callable(std::size_t width) : inner{width, width} {}
    auto operator()(const auto& x) const { return inner(x); }
    layer inner;
};
class final_one final {
public:
    final_one() = default;

private:
    layer m_inner{1, 1};
};
struct with_virtual_destructor {
    virtual ~with_virtual_destructor() = default;
    layer inner{1, 1};
};
struct abstract {
    virtual ~abstract() = default;
    virtual float forward(float) const = 0;
};
struct derived : plain {
    layer outer{1, 1};
};
union either {
    either() : number{0} {}
    ~either() {}
    int number;
    layer inner;
};
struct with_reference {
    layer& inner;
};
struct with_constant_reference {
    const layer& inner;
};
struct with_bit_field {
    unsigned flag : 1;
    layer inner{1, 1};
};
struct listed {
    listed() = default;
    XGRAD_MEMBERS(inner)
    layer inner{1, 1};
};

}  // namespace

template <>
inline constexpr bool xgrad::nn::has_no_parameters<logger> = true;

TEST_CASE("what cannot hold a tensor passes") {
    int captured = 3;
    const auto lambda = [captured](float x) { return x * static_cast<float>(captured); };
    const auto generic = [captured](const auto& x) mutable { return captured++, x; };
    CHECK(passes<int>);
    CHECK(passes<bool>);
    CHECK(passes<double>);
    CHECK(passes<std::nullptr_t>);
    CHECK(passes<colour>);
    CHECK(passes<std::byte>);
    CHECK(passes<std::complex<float>>);
    CHECK(passes<std::string>);
    CHECK(passes<std::wstring>);
    CHECK(passes<std::string_view>);
    CHECK(passes<const char*>);
    CHECK(passes<int*>);
    CHECK(passes<std::string*>);
    CHECK(passes<const settings*>);
    CHECK(passes<chain*>);
    CHECK(passes<float (*)(float)>);
    CHECK(passes<int settings::*>);
    CHECK(passes<int (logger::*)() const>);
    CHECK(passes<std::chrono::milliseconds>);
    CHECK(passes<std::chrono::steady_clock::time_point>);
    CHECK(passes<std::mt19937>);
    CHECK(passes<std::ranlux48>);
    CHECK(passes<std::random_device>);
    CHECK(passes<std::normal_distribution<float>>);
    CHECK(passes<std::discrete_distribution<int>>);
    CHECK(passes<numbers_of_theirs>);
    CHECK(passes<xg::generator>);
    CHECK(passes<xg::shape>);
    CHECK(passes<std::remove_const_t<decltype(lambda)>>);
    CHECK(passes<std::remove_const_t<decltype(generic)>>);
    CHECK(passes<std::remove_const_t<decltype(xg::relu)>>);
    CHECK(passes<xg::custom<std::remove_const_t<decltype(generic)>, float (*)(float)>>);
    CHECK(passes<xt::xarray<float>>);
    CHECK(passes<std::plus<>>);
    CHECK(passes<std::unique_ptr<int>>);
    CHECK(passes<std::unique_ptr<int[]>>);
    CHECK(passes<std::unique_ptr<settings>>);
    CHECK(passes<std::unique_ptr<chain>>);
    CHECK(passes<std::shared_ptr<std::string>>);
    CHECK(passes<std::map<std::string, std::vector<int>>>);
    CHECK(passes<std::unordered_map<std::string, settings>>);
    CHECK(passes<std::set<int>>);
    CHECK(passes<std::deque<double>>);
    CHECK(passes<std::list<std::string>>);
    CHECK(passes<std::variant<int, std::string>>);
    CHECK(passes<std::span<const float>>);
    CHECK(passes<std::bitset<8>>);
    CHECK(passes<std::atomic<int>>);
    CHECK(passes<std::mutex>);
    CHECK(passes<std::filesystem::path>);
    CHECK(passes<std::ofstream>);
    CHECK(passes<std::error_code>);
    CHECK(passes<std::reference_wrapper<int>>);
    CHECK(passes<logger>);
    CHECK(passes<std::unique_ptr<logger>>);
    CHECK(passes<std::map<int, logger>>);
}

TEST_CASE("what the walk looks into") {
    CHECK(walked<xg::tensor<float, 2>>);
    CHECK(walked<layer>);
    CHECK(walked<nn::sequential<layer, layer>>);
    CHECK(walked<plain>);
    CHECK(walked<plain_final>);
    CHECK(walked<listed>);
    CHECK(walked<settings>);
    CHECK(walked<chain>);
    CHECK(walked<layer[3]>);
    CHECK(walked<std::vector<layer>>);
    CHECK(walked<std::array<layer, 2>>);
    CHECK(walked<std::tuple<layer, int>>);
    CHECK(walked<std::pair<std::string, layer>>);
    CHECK(walked<std::optional<layer>>);
    CHECK(walked<tagged<lambda_like, void(int)>>);
    const auto function = [](const auto& x) { return x; };
    CHECK(passes<std::decay_t<decltype(function)>>);
    CHECK(nn::parameters(with_function{layer{1, 1}, function}).size() == 2);
    const auto around = [function](with_function<int>) { return function; };
    CHECK(passes<std::decay_t<decltype(around)>>);
    CHECK(nn::parameters(with_function{layer{1, 1}, around}).size() == 2);
    CHECK(nn::parameters(std::vector<std::vector<bool>>{{true}}).empty());
    CHECK(nn::parameters(chain{}).empty());
    CHECK(nn::parameters(std::pair{std::string{"a"}, layer{1, 1}})[0].name() == "1.weight");
}

TEST_CASE("what could hide a tensor is refused") {
    CHECK(refused<with_forward>);
    CHECK(refused<callable>);
    CHECK(refused<final_one>);
    CHECK(refused<with_virtual_destructor>);
    CHECK(refused<abstract>);
    CHECK(refused<derived>);
    CHECK(refused<either>);
    CHECK(refused<with_reference>);
    CHECK(refused<with_constant_reference>);
    CHECK(refused<with_bit_field>);
    CHECK(refused<layer*>);
    CHECK(refused<const plain*>);
    CHECK(refused<layer**>);
    CHECK(refused<abstract*>);
    CHECK(refused<incomplete*>);
    CHECK(refused<void*>);
    CHECK(refused<xg::tensor<float>*>);
    CHECK(refused<std::any>);
    CHECK(refused<std::function<float(float)>>);
    CHECK(refused<std::unique_ptr<layer>>);
    CHECK(refused<std::unique_ptr<abstract>>);
    CHECK(refused<std::unique_ptr<incomplete>>);
    CHECK(refused<std::unique_ptr<layer[]>>);
    CHECK(refused<std::shared_ptr<plain>>);
    CHECK(refused<std::shared_ptr<void>>);
    CHECK(refused<std::weak_ptr<layer>>);
    CHECK(refused<std::reference_wrapper<layer>>);
    CHECK(refused<std::map<std::string, layer>>);
    CHECK(refused<std::map<std::string, std::vector<layer>>>);
    CHECK(refused<std::unordered_map<int, plain>>);
    CHECK(refused<std::deque<layer>>);
    CHECK(refused<std::list<xg::tensor<float, 1>>>);
    CHECK(refused<std::set<layer*>>);
    CHECK(refused<std::variant<layer, plain>>);
    CHECK(refused<std::span<layer>>);
    CHECK(refused<std::span<layer, 2>>);
    CHECK(refused<std::initializer_list<layer>>);
    CHECK(refused<std::atomic<layer*>>);
    CHECK(refused<std::map<int, std::any>>);
}
