// Random numbers that are the same with every compiler, instruction set and number of threads.
//
// The standard fixes its engines but not its distributions, and the mathematical library differs between
// systems in the last digit. So both are our own; where the distributions round, they do it by operations
// that IEEE 754 rounds exactly: +, -, *, /, sqrt and fma. A product is never followed by a sum unless as an
// explicit fma, so that a compiler is left no choice whether to fuse them.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <numbers>
#include <span>
#include <utility>

namespace xgrad::inline XGRAD_SHARED_ABI {
namespace per_process XGRAD_VISIBLE {

/// The default generator. It begins as `generator{0}` does; a test compares.
struct shared_numbers {
    std::mutex mutex{};
    std::array<std::uint64_t, 4> state{0xe220a8397b1dcdafu, 0x6e789e6aa1b965f4u, 0x06c45d188009454fu,
                                       0xf88bb8a8724c81ecu};
};

inline constinit shared_numbers numbers{};

inline constinit thread_local std::uint64_t uses_of_numbers = 0;   // by this thread, whether it drew or set them

}  // namespace per_process
}  // namespace xgrad::inline XGRAD_SHARED_ABI

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// c[0] + c[1] x + ... + c[n-1] x^(n-1), by Horner's rule in fused steps.
template <std::size_t N>
double polynomial(const std::array<double, N>& c, double x) {
    auto sum = c[N - 1];
    for (auto i = N - 1; i-- > 0;) sum = std::fma(sum, x, c[i]);
    return sum;
}

/// The natural logarithm of a positive normal number, to 1e-15: x = m 2^e with m in [1/sqrt 2, sqrt 2), and
/// log m = 2 atanh((m - 1) / (m + 1)) by its power series.
inline double exact_log(double x) {
    auto exponent = 0;
    auto m = std::frexp(x, &exponent);
    if (m < std::numbers::sqrt2 / 2) m += m, --exponent;
    const auto s = (m - 1) / (m + 1);
    static constexpr auto series = std::array{1.0,      1 / 3.0,  1 / 5.0,  1 / 7.0,  1 / 9.0, 1 / 11.0,
                                              1 / 13.0, 1 / 15.0, 1 / 17.0, 1 / 19.0, 1 / 21.0};
    const auto atanh = s * polynomial(series, s * s);
    return std::fma(static_cast<double>(exponent), std::numbers::ln2, atanh + atanh);
}

/// The number below which a standard normal variable falls with probability p, for 0 < p < 1, to 1e-15.
/// M. J. Wichura, "Algorithm AS 241: The percentage points of the normal distribution", Applied Statistics
/// 37 (1988), routine PPND16.
inline double normal_quantile(double p) {
    static constexpr auto a = std::array{3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427,
                                         13731.693765509461125, 45921.953931549871457, 67265.770927008700853,
                                         33430.575583588128105, 2509.0809287301226727};
    static constexpr auto b = std::array{1.0,
                                         42.313330701600911252,
                                         687.18700749205790830,
                                         5394.1960214247511077,
                                         21213.794301586595867,
                                         39307.895800092710610,
                                         28729.085735721942674,
                                         5226.4952788528545610};
    static constexpr auto c = std::array{1.42343711074968357734, 4.63033784615654529590,
                                         5.76949722146069140550, 3.64784832476320460504,
                                         1.27045825245236838258, 0.241780725177450611770,
                                         0.0227238449892691845833, 7.74545014278341407640e-4};
    static constexpr auto d = std::array{1.0,
                                         2.05319162663775882187,
                                         1.67638483018380384940,
                                         0.689767334985100004550,
                                         0.148103976427480074590,
                                         0.0151986665636164571966,
                                         5.47593808499534494600e-4,
                                         1.05075007164441684324e-9};
    static constexpr auto e = std::array{6.65790464350110377720,   5.46378491116411436990,
                                         1.78482653991729133580,   0.296560571828504891230,
                                         0.0265321895265761230930, 1.24266094738807843860e-3,
                                         2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static constexpr auto f = std::array{1.0,
                                         0.599832206555887937690,
                                         0.136929880922735805310,
                                         0.0148753612908506148525,
                                         7.86869131145613259100e-4,
                                         1.84631831751005468180e-5,
                                         1.42151175831644588870e-7,
                                         2.04426310338993978564e-15};
    const auto q = p - 0.5;
    if (std::fabs(q) <= 0.425) {
        const auto r = std::fma(-q, q, 0.180625);
        return q * polynomial(a, r) / polynomial(b, r);
    }
    const auto r = std::sqrt(-exact_log(q < 0 ? p : 1 - p));
    const auto tail = r <= 5 ? polynomial(c, r - 1.6) / polynomial(d, r - 1.6)
                             : polynomial(e, r - 5) / polynomial(f, r - 5);
    return q < 0 ? -tail : tail;
}

class default_generator;

/// The finalizer of SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators", 2014): of
/// numbers in a row, numbers without a pattern.
inline std::uint64_t scrambled(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

}  // namespace detail

/// A pseudo-random generator: xoshiro256++ (D. Blackman and S. Vigna, "Scrambled linear pseudorandom number
/// generators", 2021), its state filled from the seed by SplitMix64. A uniform random bit generator in the
/// sense of the standard.
class generator {
public:
    using result_type = std::uint64_t;

    explicit generator(std::uint64_t seed = 0) {
        for (auto& word : m_state) {
            seed += 0x9e3779b97f4a7c15u;
            word = detail::scrambled(seed);
        }
    }

    static constexpr result_type min() { return 0; }
    static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

    result_type operator()() {
        auto& [a, b, c, d] = m_state;
        const auto result = std::rotl(a + d, 23) + a;
        const auto shifted = b << 17;
        c ^= a;
        d ^= b;
        b ^= c;
        a ^= d;
        c ^= shifted;
        d = std::rotl(d, 45);
        return result;
    }

    /// A number in [0, 1), every multiple of 2^-24 (float) or 2^-53 (double) as likely as the next.
    template <class Real>
    Real uniform() {
        constexpr auto digits = std::numeric_limits<Real>::digits;
        return static_cast<Real>((*this)() >> (64 - digits)) * std::ldexp(Real{1}, -digits);
    }

    /// A number from the normal distribution with mean 0 and standard deviation 1.
    template <class Real>
    Real normal() {
        const auto p = (static_cast<double>((*this)() >> 12) + 0.5) * 0x1p-52;
        return static_cast<Real>(detail::normal_quantile(p));
    }

    /// An integer in [0, bound), each as likely as the next: numbers beyond the last whole multiple of
    /// `bound` are drawn again. Throws `value_error` for a bound of 0.
    std::uint64_t below(std::uint64_t bound) {
        if (bound == 0) fail<value_error>("generator", "the bound must be at least 1");
        const auto excess = (max() % bound + 1) % bound;
        auto number = (*this)();
        while (number > max() - excess) number = (*this)();
        return number % bound;
    }

    /// Puts `items` into a random order, each as likely as the next (Fisher and Yates).
    template <class T>
    void shuffle(std::span<T> items) {
        for (auto i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
    }

    /// Where it is in its sequence; a generator that is given this goes on there. Throws `value_error` for zeros alone, which
    /// no generator comes to.
    const std::array<std::uint64_t, 4>& state() const noexcept { return m_state; }
    void state(const std::array<std::uint64_t, 4>& words) {
        if (words == std::array<std::uint64_t, 4>{}) fail<value_error>("generator", "a state of zeros alone is none");
        m_state = words;
    }

private:
    friend class detail::default_generator;
    explicit generator(const std::array<std::uint64_t, 4>& state) : m_state{state} {}

    std::array<std::uint64_t, 4> m_state{};
};

namespace detail {

/// The default generator while somebody draws from it, locked: its state is everybody's, its code is not.
class default_generator {
public:
    [[nodiscard]] default_generator() : m_lock{per_process::numbers.mutex}, m_numbers{per_process::numbers.state} {
        ++per_process::uses_of_numbers;
    }
    ~default_generator() { per_process::numbers.state = m_numbers.m_state; }
    default_generator(const default_generator&) = delete;
    default_generator& operator=(const default_generator&) = delete;

    generator& numbers() noexcept { return m_numbers; }

private:
    std::lock_guard<std::mutex> m_lock;
    generator m_numbers;
};

}  // namespace detail

/// Calls `body` with the generator that everything random uses by default, locked meanwhile.
template <class Body>
decltype(auto) with_default_generator(const Body& body) {
    auto shared = detail::default_generator{};
    return body(shared.numbers());
}

/// Starts the default generator anew: from here on everything random is determined by `seed`.
inline void manual_seed(std::uint64_t seed) {
    with_default_generator([=](generator& numbers) { numbers = generator{seed}; });
}

}  // namespace xgrad
