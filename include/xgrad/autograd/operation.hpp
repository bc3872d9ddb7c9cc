// The door that every operation passes: where it says what it is, to whoever reads there.
//
//     /// dx = dy, in reverse along the axes
//     template <element T>
//     tensor<T> flip_axes(const basic_tensor<T>& x, axis_set axes) {
//         return call("flip", {"x", "axes"}, [](const auto& x_, axis_set axes_) { ... record("flip", ...); }, x, axes);
//     }
//
// `call(name, names of the arguments, f, arguments...)` is f(arguments...). The name and the arguments are the whole of
// the operation: f holds nothing that is not among them but what is part of its name. Arguments that are tensors, or
// lists of tensors, are the operation's inputs; the others, numbers, texts, axes, shapes, options, are its attributes.
// When a reader stands at the door it is told all of these, then what the operations that f calls say in their turn,
// and at last the results, together with the means to call f once more on other inputs. When none does, `call` costs a
// look at one variable of the thread.
//
// A struct of options says what it consists of by a function that is found by its type:
//
//     void say_options(const matmul_options& options, const auto& say) { say("transpose_a", options.transpose_a); ... }
#pragma once

#include <xgrad/autograd/any_tensor.hpp>
#include <xgrad/autograd/basic_tensor.hpp>
#include <xgrad/autograd/kept_argument.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/exact.hpp>
#include <xgrad/core/sequence.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/core/spans.hpp>
#include <xgrad/core/text.hpp>
#include <xgrad/fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
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

/// What a reader is told of it.
inline constexpr auto text_of_function = std::string_view{"(a function)"};

template <class X>
inline constexpr bool is_opaque = false;
template <class X>
inline constexpr bool is_opaque<opaque<X>> = true;

template <class X>
concept says_options = requires(const X& x) { say_options(x, [](const char*, auto) {}); };

/// Tells the reader a list of numbers.
template <class Number>
void say_list(operation_reader& to, const char* name, const std::vector<Number>& list) {
    if constexpr (std::is_integral_v<Number>) to.integers(name, span_of(list));
    else to.numbers(name, span_of(list));
}

/// Tells the reader one argument.
template <class X>
void say_argument(operation_reader& to, const char* name, const X& x) {
    if constexpr (tensor_like<X>) to.input(name, any_tensor{x});
    else if constexpr (list_of_inputs<X>)
        for (const auto& each : x) to.input(name, any_tensor{each});
    else if constexpr (says_options<X>) say_options(x, [&](const char* part, const auto& value) { say_argument(to, part, value); });
    else if constexpr (std::is_same_v<X, bool>) to.truth(name, x);
    else if constexpr (std::is_integral_v<X>) to.integer(name, static_cast<std::int64_t>(x));
    else if constexpr (std::is_floating_point_v<X>) to.number(name, static_cast<double>(x));
    else if constexpr (std::is_convertible_v<const X&, std::string_view>) to.text(name, x);
    else if constexpr (std::is_same_v<X, dtype>) to.text(name, dtype_name(x));
    else if constexpr (std::is_same_v<X, whole>) to.text(name, joined_text(x));
    else if constexpr (is_opaque<X>) to.text(name, text_of_function);
    else if constexpr (std::is_same_v<X, axis_set>) {
        auto list = std::vector<std::int64_t>{};
        for (auto axis = std::size_t{0}; axis < max_rank; ++axis)
            if (x.contains(axis)) list.push_back(static_cast<std::int64_t>(axis));
        say_list(to, name, list);
    } else {
        using value = sequence_value<X>;
        static_assert(std::is_arithmetic_v<value>, "an attribute is a number, a text, axes, a shape, a list of numbers, or says its "
                                                   "parts by say_options");
        using told = std::conditional_t<std::is_integral_v<value>, std::int64_t, double>;
        say_list(to, name, std::vector<told>(std::begin(x), std::end(x)));
    }
}

/// What can be done with an argument whose type is known to these functions alone.
struct argument_form {
    void (*say)(operation_reader& to, const char* name, const void* x);
    erased (*keep)(const void* x);                                   ///< of an attribute, or null
    std::size_t (*count)(const void* x);                             ///< of tensors, or null
    erased (*restore)(std::size_t count, const any_tensor*& next);   ///< of tensors: the next of the inputs; or null
};
template <class X>
constexpr argument_form make_form() {
    auto form = argument_form{[](operation_reader& to, const char* name, const void* x) { say_argument(to, name, *static_cast<const X*>(x)); },
                              nullptr, nullptr, nullptr};
    using kept = kept_argument<X>;
    if constexpr (kept::is_input) {
        form.count = [](const void* x) { return kept::count(*static_cast<const X*>(x)); };
        form.restore = kept::restore;
    } else form.keep = [](const void* x) { return kept::keep(*static_cast<const X*>(x)); };
    return form;
}
template <class X>
inline constexpr auto form_of = make_form<X>();

struct argument {
    const void* x;
    const argument_form* form;
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

/// The call of an operation whose types are known to `run` alone. What an operation costs every program that calls it
/// is `run`; all else is the same for all of them.
struct any_call {
    const char* name;
    const char* const* names;
    const argument* arguments;
    std::size_t count;   // of arguments
    const void* f;
    erased (*keep)(const void* f);
    /// Calls f. The result goes to *y, a std::optional of its type, if there is one.
    std::vector<any_tensor> (*run)(const void* f, const argument* x, void* y);

    /// Calls it while somebody reads.
    template <class = void>   // on demand
    std::vector<any_tensor> read(void* y) const;
};

/// A call that was read, on other inputs.
template <class = void>   // on demand
class called_again final : public callable_operation {
public:
    explicit called_again(const any_call& call)
        : m_name{call.name}, m_names(call.names, call.names + call.count), m_keep{call.keep}, m_run{call.run},
          m_f{call.keep(call.f)} {
        for (auto at = std::size_t{0}; at < call.count; ++at) {
            const auto& [x, form] = call.arguments[at];
            if (form->restore == nullptr) m_arguments.push_back({form->keep(x), 0, form});
            else m_arguments.push_back({{}, form->count(x), form});
        }
    }

    std::vector<any_tensor> operator()(std::span<const any_tensor> inputs) const override {
        auto held = std::vector<erased>{};
        auto arguments = std::vector<argument>{};
        const auto* next = inputs.data();
        for (const auto& [attribute, count, form] : m_arguments) {
            if (form->restore != nullptr) held.push_back(form->restore(count, next));
            arguments.push_back({form->restore != nullptr ? held.back().get() : attribute.get(), form});
        }
        const auto call = any_call{m_name, m_names.data(), arguments.data(), arguments.size(), m_f.get(), m_keep, m_run};
        return reading == nullptr ? call.run(call.f, arguments.data(), nullptr) : call.read(nullptr);
    }

private:
    struct kept {
        erased attribute;
        std::size_t count;   // of tensors
        const argument_form* form;
    };

    const char* m_name;
    std::vector<const char*> m_names;
    decltype(any_call::keep) m_keep;
    decltype(any_call::run) m_run;
    erased m_f;
    std::vector<kept> m_arguments{};
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

    template <class Again>
    void end(std::span<const any_tensor> results, std::shared_ptr<Again> again) {
        std::exchange(m_reader, nullptr)->end(results, std::move(again));
    }

private:
    operation_reader* m_reader;
};

template <class Who>
XGRAD_COLD std::vector<any_tensor> any_call::read(void* y) const {
    auto& to = *reading;
    to.begin(name);
    auto opened = open_call{to};
    for (auto at = std::size_t{0}; at < count; ++at) arguments[at].form->say(to, names[at], arguments[at].x);
    to.work();
    auto results = run(f, arguments, y);
    opened.end(span_of(results), std::shared_ptr<const called_again<Who>>{new called_again<Who>(*this)});
    return results;
}

/// How a call of f is told with its types left out: see `any_call`.
template <class Places, class F, class... X>
struct erased_call;
template <std::size_t... I, class F, class... X>
struct erased_call<std::index_sequence<I...>, F, X...> {
    static constexpr bool holds_nothing = std::is_empty_v<F> && std::is_default_constructible_v<F>;

    static erased keep([[maybe_unused]] const void* f) {
        if constexpr (holds_nothing) return {};
        else return erased{new F(*static_cast<const F*>(f))};
    }
    XGRAD_COLD static std::vector<any_tensor> run([[maybe_unused]] const void* f, const argument* x, void* y) {
        if constexpr (holds_nothing) return finish(F{}(*static_cast<const X*>(x[I].x)...), y);
        else return finish((*static_cast<const F*>(f))(*static_cast<const X*>(x[I].x)...), y);
    }

private:
    template <class Y>
    static std::vector<any_tensor> finish(Y made, void* y) {
        auto list = tensors_of(made);
        if (y != nullptr) static_cast<std::optional<Y>*>(y)->emplace(std::move(made));
        return list;
    }
};

/// f(x...), which is an operation: see the top of the file. There are as many names as arguments, or more.
template <class F, class... X>
auto call_by(const char* name, const char* const* names, const F& f, const X&... x) {
    if (reading == nullptr) [[likely]] return f(x...);
    using erased_f = erased_call<std::index_sequence_for<X...>, F, X...>;
    const argument arguments[] = {{&x, &form_of<X>}...};
    auto y = std::optional<decltype(f(x...))>{};
    any_call{name, names, arguments, sizeof...(X), &f, &erased_f::keep, &erased_f::run}.read(&y);
    return *std::move(y);
}
template <class F, class... X>
auto call(const char* name, const char* const (&names)[sizeof...(X)], const F& f, const X&... x) {
    return call_by(name, names, f, x...);
}

}  // namespace detail
}  // namespace xgrad
