// Writing down what a function does: the list of its operations, which can be read, drawn, and run again.
//
//     const auto program = xg::capture(net, x);
//     std::cout << program;              // the operations with their attributes and shapes
//     const auto y = program(x);         // the same bits as net(x)
//
// The function is called once, and what its operations say of themselves at the door (operation.hpp) is kept. So a
// branch is captured as it was taken. What a program could not know is an error: a function that reads elements of what
// it computes, changes a tensor in place (as an optimizer's step does, and batch_norm in training its running statistics),
// draws from the default generator outside of operations, or calls `backward`.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/autograd/program.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/core/text.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// Stands at the door, in its scope, and writes a program.
template <class = void>   // on demand
class program_writer final : public operation_reader {
public:
    explicit program_writer(std::span<const any_tensor> arguments) {
        if (per_process::between_operations) fail<autograd_error>("capture", "the function that is captured calls capture itself");
        for (const auto& each : arguments) {
            m_program.arguments.push_back(m_program.values.size());
            add_value(each, program::origin::argument);
        }
        m_before = std::exchange(reading, this);
        m_between_before = std::exchange(per_process::between_operations, true);
        per_process::changed_between = false;
    }
    ~program_writer() override {
        reading = m_before;
        per_process::between_operations = m_between_before;
    }

    void begin(const char* name) override {
        if (m_open.empty()) expect_operations_alone();
        per_process::between_operations = false;
        m_open.push_back({.name = name});
    }
    void input(const char* name, const any_tensor& x) override { m_open.back().inputs.push_back({name, number_of(x)}); }
    void truth(const char* name, bool value) override { add(name, value); }
    void integer(const char* name, std::int64_t value) override { add(name, value); }
    void number(const char* name, double value) override { add(name, value); }
    void text(const char* name, std::string_view value) override { add(name, std::string{value}); }
    void integers(const char* name, std::span<const std::int64_t> values) override {
        add(name, std::vector<std::int64_t>(values.begin(), values.end()));
    }
    void numbers(const char* name, std::span<const double> values) override {
        add(name, std::vector<double>(values.begin(), values.end()));
    }
    void work() override {}
    void end(std::span<const any_tensor> results, std::shared_ptr<const callable_operation> again) override {
        auto& current = m_open.back();
        for (const auto& each : results) current.results.push_back(result_number(each));
        current.again = std::move(again);
        close(std::move(current));
    }
    void abandon() noexcept override {
        m_open.pop_back();   // the list was made with room
        come_out();
    }

    /// The program, when the function has come to its end with these results.
    program finish(std::span<const any_tensor> results) && {
        for (const auto& each : results) m_program.results.push_back(number_of(each));
        for (auto number = std::size_t{0}; number < m_seen.size(); ++number) expect_unchanged(number);
        expect_operations_alone();
        for (auto number = std::size_t{0}; number < m_seen.size(); ++number)
            if (m_program.values[number].from == program::origin::constant) m_program.values[number].constant = m_seen[number].x;
        return std::move(m_program);
    }

private:
    struct seen_value {
        any_tensor x;   // held, so that no other array gets its address
        std::uint32_t version;
    };

    template <class Value>
    void add(const char* name, Value value) {
        m_open.back().attributes.push_back({name, std::move(value)});
    }

    std::size_t add_value(const any_tensor& x, program::origin from) {
        m_program.values.push_back({from, x.type(), x.shape()});
        m_seen.push_back({x, x.get().current_version()});
        return m_numbers[&x.get()] = m_seen.size() - 1;
    }
    std::size_t result_number(const any_tensor& x) {
        if (const auto found = m_numbers.find(&x.get()); found != m_numbers.end()) return found->second;
        x.get().made = making::in_capture;
        return add_value(x, program::origin::result);
    }
    std::size_t number_of(const any_tensor& x) {
        if (!x.defined()) return program::none;
        const auto found = m_numbers.find(&x.get());
        if (found == m_numbers.end()) return add_value(x, program::origin::constant);
        expect_unchanged(found->second);
        return found->second;
    }
    void expect_unchanged(std::size_t number) const {
        const auto& each = m_seen[number];
        if (each.x.get().current_version() != each.version)
            fail<autograd_error>("capture", "a tensor of shape ", each.x.shape(), use_of(number), " was changed in place while the function "
                                            "was written down; a program is made of operations that give new tensors");
    }
    /// " (running_mean of batch_norm)"
    std::string use_of(std::size_t number) const {
        for (const auto& each : m_program.operations)
            for (const auto& input : each.inputs)
                if (input.value == number) return joined_text(" (", input.name, " of ", each.name, ")");
        return {};
    }
    /// What happened between two operations was none that leaves a trace which the program would not leave.
    void expect_operations_alone() const {
        if (per_process::changed_between)
            fail<autograd_error>("capture", "the function changes a tensor in place (by +=, an optimizer's step, an initialisation); "
                                            "a program is made of operations that give new tensors");
        if (m_uses_of_numbers != per_process::uses_of_numbers)
            fail<autograd_error>("capture", "the function uses the default generator outside of operations; what it draws would be "
                                            "constants of the program: use rand, dropout and the like");
    }

    void close(program::operation done) {
        m_open.pop_back();
        auto& list = m_open.empty() ? m_program.operations : m_open.back().made_of;
        list.push_back(std::move(done));
        come_out();
    }
    void come_out() noexcept {
        per_process::between_operations = m_open.empty();
        if (m_open.empty()) m_uses_of_numbers = per_process::uses_of_numbers;   // an operation draws anew when it runs again
    }

    program m_program;
    std::vector<program::operation> m_open;   // the operation at work, and those that called it
    std::vector<seen_value> m_seen;
    std::map<const array*, std::size_t> m_numbers;
    std::uint64_t m_uses_of_numbers = per_process::uses_of_numbers;
    operation_reader* m_before;
    bool m_between_before;
};

/// The argument, a tensor or several, with arrays of its own, outside the graph.
template <class X>
X argument_of_capture(X x) {
    for_each_tensor(x, [](auto& each) {
        using type = std::remove_reference_t<decltype(each)>;
        auto* const made = array::make_view(access::get(each), shape_of(each));
        made->made = making::in_capture;
        each = access::adopt<typename type::value_type, type::static_rank>(made);
    });
    return x;
}

/// Without its elements; what has no value has none.
template <class Tensor>
void empty(Tensor& x) {
    using type = typename Tensor::value_type;
    if (!x.defined()) return;
    auto sizes = shape_of(x);
    for (auto& each : sizes) each = 0;
    x = access::adopt<type, Tensor::static_rank>(array::make(sizes, sizeof(type)));
}

/// The tensors of all these.
template <class... X>
std::vector<any_tensor> all_tensors_of(const X&... x) {
    auto tensors = std::vector<any_tensor>{};
    (for_each_tensor(x, [&](const auto& each) { tensors.emplace_back(each); }), ...);
    return tensors;
}

}  // namespace detail

/// The program of a function of X... that gives `Result`, to be called as the function is.
template <class Result, class... X>
class captured : public program {
public:
    captured(program&& written, Result like) : program{std::move(written)}, m_like{std::move(like)} {}

    /// The same bits as the function's result for these arguments, and recorded, if they ask for gradients.
    Result operator()(const X&... x) const {
        const auto made = this->run(detail::all_tensors_of(x...));
        auto result = m_like;
        auto next = std::size_t{0};
        detail::for_each_tensor(result, [&](auto& each) {
            using type = std::remove_reference_t<decltype(each)>;
            each = detail::access::adopt<typename type::value_type, type::static_rank>(
                detail::access::take(made[next++].template as<typename type::value_type>()));
        });
        return result;
    }

private:
    Result m_like;   // what the lists in it are long
};

/// Calls f(x...) and gives the program of what it did. Arguments and result are tensors, lists of tensors, or pairs, tuples
/// or arrays of such. Tensors that f holds are constants of the program. Functions inside (of `map`, `custom`, `checkpoint`,
/// `grad`) are copied, and called when the program runs: by reference they may hold only what lives until then.
/// Throws what f throws; `autograd_error` where f reads or writes elements of tensors that it computes, changes any in place,
/// uses the default generator beside operations, or differentiates by `backward`.
template <class F, class... X>
auto capture(const F& f, const X&... x) {
    using result_type = std::remove_cvref_t<decltype(f(x...))>;
    auto arguments = std::tuple<X...>{detail::argument_of_capture(x)...};
    auto writer = detail::program_writer{std::apply([](const auto&... each) { return detail::all_tensors_of(each...); }, arguments)};
    result_type y = std::apply(f, arguments);
    auto written = std::move(writer).finish(detail::tensors_of(y));
    detail::for_each_tensor(y, [](auto& each) { detail::empty(each); });   // it says what lists there are, no more
    return captured<result_type, X...>{std::move(written), std::move(y)};
}

}  // namespace xgrad
