// The door that every operation passes: where it says what it is, to whoever reads there.
//
//     /// dx = dy, in reverse along the axes
//     template <element T>
//     tensor<T> flip_axes(const basic_tensor<T>& x, axis_set axes) {
//         return call("flip", {"x", "axes"}, [](const auto& x_, axis_set axes_) { ... record("flip", ...); }, x, axes);
//     }
//
// `call(name, names of the arguments, f, arguments...)` is f(arguments...). The name and the arguments are the whole of
// the operation: f holds nothing that is not among them but what is part of its name. Arguments that are tensors, or lists
// of tensors, are the operation's inputs; the others, numbers, texts, axes, shapes, options, are its attributes. When a
// reader stands at the door it is told all of these, then what the operations that f calls say in their turn, and at
// last the results, together with the means to call f once more on other inputs. When none does, `call` costs a look at
// one variable of the thread.
//
// A struct of options says what it consists of by a function that is found by its type:
//
//     void say_options(const matmul_options& options, const auto& say) { say("transpose_a", options.transpose_a); ... }
#pragma once

#include <xgrad/autograd/any_tensor.hpp>
#include <xgrad/autograd/basic_tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/exact.hpp>
#include <xgrad/core/sequence.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/core/text.hpp>
#include <xgrad/fwd.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

/// An operation with its attributes, to be called again.
class callable_operation {
public:
    callable_operation() = default;
    callable_operation(const callable_operation&) = delete;
    callable_operation& operator=(const callable_operation&) = delete;
    virtual ~callable_operation() = default;
    /// The results for other inputs, as many and of the same types as those it was read with.
    virtual std::vector<any_tensor> operator()(std::span<const any_tensor> inputs) const = 0;
};

/// Who stands at the door. Calls nest: between `begin` and `end` of one, those it is made of begin and end.
class operation_reader {
public:
    operation_reader() = default;
    operation_reader(const operation_reader&) = delete;
    operation_reader& operator=(const operation_reader&) = delete;
    virtual ~operation_reader() = default;

    virtual void begin(const char* name) = 0;
    virtual void input(const char* name, const any_tensor& x) = 0;   ///< undefined: an optional one that was not given
    virtual void truth(const char* name, bool value) = 0;
    virtual void integer(const char* name, std::int64_t value) = 0;
    virtual void number(const char* name, double value) = 0;
    virtual void text(const char* name, std::string_view value) = 0;
    virtual void integers(const char* name, std::span<const std::int64_t> values) = 0;
    virtual void numbers(const char* name, std::span<const double> values) = 0;
    /// All arguments are told, the work begins.
    virtual void work() = 0;
    virtual void end(std::span<const any_tensor> results, std::shared_ptr<const callable_operation> again) = 0;
    /// The operation has thrown.
    virtual void abandon() noexcept = 0;
};

/// Which tensors an object is made of that is no tensor: `for_each_member(object, f)` calls f with each, and
/// `for_each(object, f)` with those by which derivatives are taken. For modules nn/module.hpp says so.
template <class X>
struct differentiable_parts;

namespace detail {

// Who reads what this thread does, by code for one instruction set: see `dead` in node.hpp.
XGRAD_VISIBLE inline constinit thread_local operation_reader* reading = nullptr;

/// An argument that has no form in which it could be told: a function, a list of whatever.
template <class X>
struct opaque {
    X value;
};
template <class X>
opaque(X) -> opaque<X>;

template <class X>
inline constexpr bool is_opaque = false;
template <class X>
inline constexpr bool is_opaque<opaque<X>> = true;

template <class X>
concept tensor_like = requires { typename X::value_type; } && element<typename X::value_type> &&
                      std::derived_from<X, basic_tensor<typename X::value_type>>;
template <class X>
concept list_of_tensors = sequence<X> && tensor_like<sequence_value<X>>;

template <class X>
concept says_options = requires(const X& x) { say_options(x, [](const char*, auto) {}); };

/// Tells the reader one argument.
template <class X>
void say_argument(operation_reader& to, const char* name, const X& x) {
    if constexpr (tensor_like<X>) to.input(name, any_tensor{x});
    else if constexpr (list_of_tensors<X>)
        for (const auto& each : x) to.input(name, any_tensor{each});
    else if constexpr (says_options<X>) say_options(x, [&](const char* part, const auto& value) { say_argument(to, part, value); });
    else if constexpr (std::is_same_v<X, bool>) to.truth(name, x);
    else if constexpr (std::is_integral_v<X>) to.integer(name, static_cast<std::int64_t>(x));
    else if constexpr (std::is_floating_point_v<X>) to.number(name, static_cast<double>(x));
    else if constexpr (std::is_convertible_v<const X&, std::string_view>) to.text(name, x);
    else if constexpr (std::is_same_v<X, dtype>) to.text(name, dtype_name(x));
    else if constexpr (std::is_same_v<X, whole>) to.text(name, joined_text(x));
    else if constexpr (is_opaque<X>) to.text(name, "(a function)");
    else if constexpr (std::is_same_v<X, axis_set>) {
        auto list = std::vector<std::int64_t>{};
        for (auto axis = std::size_t{0}; axis < max_rank; ++axis)
            if (x.contains(axis)) list.push_back(static_cast<std::int64_t>(axis));
        to.integers(name, list);
    } else {
        using value = sequence_value<X>;
        static_assert(std::is_arithmetic_v<value>, "an attribute is a number, a text, axes, a shape, a list of numbers, or says its "
                                                   "parts by say_options");
        if constexpr (std::is_integral_v<value>) to.integers(name, std::vector<std::int64_t>(std::begin(x), std::end(x)));
        else to.numbers(name, std::vector<double>(std::begin(x), std::end(x)));
    }
}

/// How an argument is kept for a later call: nothing of a tensor, the number of them in a list, a copy of anything else.
template <class X>
struct kept_argument {
    explicit kept_argument(const X& x) : value{x} {}
    const X& restore(std::span<const any_tensor>&) const { return value; }
    X value;
};
inline any_tensor next_of(std::span<const any_tensor>& inputs) {
    auto next = inputs.front();
    inputs = inputs.subspan(1);
    return next;
}
template <tensor_like X>
struct kept_argument<X> {
    explicit kept_argument(const X&) {}
    auto restore(std::span<const any_tensor>& inputs) const { return restored(next_of(inputs), static_cast<const X*>(nullptr)); }

private:
    template <element T>
    static tensor<T> restored(const any_tensor& x, const basic_tensor<T>*) {
        return x.as<T>();
    }
    template <element T, std::size_t N>
    static tensor<T, N> restored(const any_tensor& x, const tensor<T, N>*) {
        return x.as<T>();
    }
};
template <class Number, std::size_t Extent>
    requires(std::is_arithmetic_v<Number>)
struct kept_argument<std::span<const Number, Extent>> {
    explicit kept_argument(std::span<const Number, Extent> x) : values(x.begin(), x.end()) {}
    std::span<const Number, Extent> restore(std::span<const any_tensor>&) const { return values; }
    std::vector<Number> values;
};
template <list_of_tensors X>
struct kept_argument<X> {
    using part = sequence_value<X>;
    explicit kept_argument(const X& x) : count{static_cast<std::size_t>(std::distance(std::begin(x), std::end(x)))} {}
    auto restore(std::span<const any_tensor>& inputs) const {
        auto list = std::vector<part>{};
        for (auto i = std::size_t{0}; i < count; ++i) list.push_back(next_of(inputs).as<typename part::value_type>());
        return list;
    }
    std::size_t count;
};

/// Calls f with each tensor of a result: a tensor, a list of them, or a pair, tuple or array of such.
template <class Y, class F>
void for_each_tensor(Y& y, const F& f) {
    using value = std::remove_const_t<Y>;
    if constexpr (tensor_like<value>) f(y);
    else if constexpr (list_of_tensors<value>)
        for (auto& each : y) f(each);
    else if constexpr (requires { std::tuple_size<value>::value; })
        std::apply([&](auto&... each) { (for_each_tensor(each, f), ...); }, y);
    else if constexpr (requires { y.for_each_tensor(f); }) y.for_each_tensor(f);
    else if constexpr (requires { differentiable_parts<value>::for_each_member(y, f); })
        differentiable_parts<value>::for_each_member(y, f);
    else static_assert(never<value>, "a result is a tensor, a list of tensors, or a pair, tuple or array of such");
}

template <class Y>
std::vector<any_tensor> tensors_of(const Y& y) {
    auto list = std::vector<any_tensor>{};
    for_each_tensor(y, [&](const auto& each) { list.emplace_back(each); });
    return list;
}

template <class F, class... X>
auto call_by(const char* name, const char* const* names, const F& f, const X&... x);

template <class F, class... X>
class called_again final : public callable_operation {
public:
    explicit called_again(const char* name, const char* const* names, const F& f, const X&... x)
        : m_name{name}, m_names(names, names + sizeof...(X)), m_f{f}, m_arguments{kept_argument<X>{x}...} {}

    std::vector<any_tensor> operator()(std::span<const any_tensor> inputs) const override {
        return std::apply([&](const auto&... each) {
            auto arguments = std::tuple<decltype(each.restore(inputs))...>{each.restore(inputs)...};   // from left to right
            return std::apply([&](const auto&... x) { return tensors_of(call_by<F, X...>(m_name, m_names.data(), m_f, x...)); }, arguments);
        }, m_arguments);
    }

private:
    const char* m_name;
    std::vector<const char*> m_names;
    F m_f;
    std::tuple<kept_argument<X>...> m_arguments;
};

/// Ends a call that throws.
class open_call {
public:
    explicit open_call(operation_reader& reader) : m_reader{&reader} {}
    ~open_call() {
        if (m_reader != nullptr) m_reader->abandon();
    }
    open_call(const open_call&) = delete;
    open_call& operator=(const open_call&) = delete;

    void end(std::span<const any_tensor> results, std::unique_ptr<const callable_operation> again) {
        std::exchange(m_reader, nullptr)->end(results, std::move(again));
    }

private:
    operation_reader* m_reader;
};

template <class F, class... X>
XGRAD_COLD auto call_read(const char* name, const char* const* names, const F& f, const X&... x) {
    auto& to = *reading;
    to.begin(name);
    auto opened = open_call{to};
    auto at = std::size_t{0};
    (say_argument(to, names[at++], x), ...);
    to.work();
    auto y = f(x...);
    opened.end(tensors_of(y), std::unique_ptr<const callable_operation>{new called_again<F, X...>(name, names, f, x...)});
    return y;
}

/// f(x...), which is an operation: see the top of the file. There are as many names as arguments, or more.
template <class F, class... X>
auto call_by(const char* name, const char* const* names, const F& f, const X&... x) {
    if (reading == nullptr) [[likely]] return f(x...);
    return call_read(name, names, f, x...);
}
template <class F, class... X>
auto call(const char* name, const char* const (&names)[sizeof...(X)], const F& f, const X&... x) {
    return call_by(name, names, f, x...);
}

}  // namespace detail
}  // namespace xgrad
