// What a network did when it was called: its operations, told by the layer whose tensors they used, with their
// multiply-adds. `nn::summary` prints it.
#pragma once

#include <xgrad/autograd/any_tensor.hpp>
#include <xgrad/autograd/array.hpp>
#include <xgrad/autograd/reader_scope.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/multiply_adds.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::nn::detail {

/// A tensor of a module, under one of its names.
struct listed_tensor {
    std::string name;
    shape sizes;
    const void* elements;   ///< where those are: names of one tensor have one place
    bool learns;
    bool counts;            ///< whether it is a parameter, be it frozen
    const xgrad::detail::array* called = nullptr;   ///< the owner of the elements in the module that was called, a clone

    /// "layers.0" of "layers.0.weight"; of a tensor of the outermost module, "".
    XGRAD_ON_DEMAND std::string layer() const {
        const auto dot = name.rfind('.');
        return dot == std::string::npos ? std::string{} : name.substr(0, dot);
    }
};

/// One operation of the network's own, or several in a row.
struct layer_row {
    std::string layer;
    std::vector<std::string> operations;
    shape output;
    std::uint64_t multiply_adds = 0;
    std::vector<const xgrad::detail::array*> used;   ///< the owners of the inputs' elements
};

/// Stands at the door while a module is called, and makes a row of each operation that no other has called, but
/// `checkpoint`, which is there for the sake of those in it.
template <class = void>   // on demand
class layer_reader final : public xgrad::detail::reader_scope {
public:
    void begin(const char* name) override {
        m_open.push_back({{.name = name}, {}});
        reader_scope::begin(name);
    }
    void input(const char* name, const any_tensor& x) override {
        if (x.defined()) {
            m_open.back().what.inputs.push_back(x.shape());
            m_open.back().used.push_back(x.get().owner);
        }
        reader_scope::input(name, x);
    }
    void truth(const char* name, bool value) override {
        add(name, value);
        reader_scope::truth(name, value);
    }
    void text(const char* name, std::string_view value) override {
        add(name, std::string{value});
        reader_scope::text(name, value);
    }
    void integers(const char* name, std::span<const std::int64_t> values) override {
        add(name, std::vector<std::int64_t>(values.begin(), values.end()));
        reader_scope::integers(name, values);
    }
    void end(std::span<const any_tensor> results, std::shared_ptr<const callable_operation> again) override {
        auto done = std::move(m_open.back());
        m_open.pop_back();
        if (!results.empty() && results[0].defined()) done.what.output = results[0].shape();
        const auto is_outside = [](const open_operation& each) { return each.what.name == "checkpoint"; };
        if (!lists::all_of(m_open, is_outside)) m_open.back().what.inside += multiply_adds(done.what);
        else if (!is_outside(done)) add_row(std::move(done));
        reader_scope::end(results, std::move(again));
    }
    void abandon() noexcept override {
        m_open.pop_back();
        reader_scope::abandon();
    }

    std::vector<layer_row> rows() && { return std::move(m_rows); }

private:
    struct open_operation {
        called_operation what;
        std::vector<const xgrad::detail::array*> used;
    };

    template <class Value>
    void add(const char* name, Value value) {
        m_open.back().what.attributes.push_back({name, std::move(value)});
    }

    XGRAD_ON_DEMAND void add_row(open_operation&& done) {
        auto row = layer_row{.layer = {}, .operations = {done.what.name}, .output = done.what.output,
                             .multiply_adds = multiply_adds(done.what), .used = std::move(done.used)};
        const auto activation = done.what.attribute("activation", std::string{});
        if (!activation.empty() && activation != "none") row.operations.emplace_back(activation);
        m_rows.push_back(std::move(row));
    }

    std::vector<open_operation> m_open;
    std::vector<layer_row> m_rows;
};

/// The layer to which an operation belongs that used these: the one with most of them. Where layers share their
/// tensors, the first of them that was not called yet.
XGRAD_ON_DEMAND std::string layer_of(const layer_row& row, const std::vector<listed_tensor>& tensors,
                            const std::vector<std::string>& called) {
    struct candidate {
        std::string name;
        std::size_t hits;
        bool fresh;
    };
    auto candidates = std::vector<candidate>{};
    for (const auto& each : tensors) {
        if (!lists::contains(row.used, each.called)) continue;
        const auto name = each.layer();
        const auto found = lists::find(candidates, name, &candidate::name);
        if (found != candidates.end()) ++found->hits;
        else candidates.push_back({name, 1, !lists::contains(called, name)});
    }
    const auto best = std::max_element(candidates.begin(), candidates.end(), [](const candidate& a, const candidate& b) {
        return a.hits != b.hits ? a.hits < b.hits : !a.fresh && b.fresh;
    });
    if (best == candidates.end()) return {};
    return best->name.empty() ? "(net)" : best->name;
}

/// Adds the operations of `next` to those of `row`, each name once.
XGRAD_ON_DEMAND void join_rows(layer_row& row, const layer_row& next) {
    for (const auto& each : next.operations)
        if (!lists::contains(row.operations, each)) row.operations.push_back(each);
    row.output = next.output;
    row.multiply_adds += next.multiply_adds;
    row.used.insert(row.used.end(), next.used.begin(), next.used.end());
}

/// One row for what stands together: all that was called from a layer's first operation to its last with no other layer
/// between (the steps of a recurrent one), and operations in a row that belong to no layer. All is one row when the
/// module is itself a layer, `of_one_layer`.
XGRAD_ON_DEMAND std::vector<layer_row> rows_by_layer(std::vector<layer_row> rows, const std::vector<listed_tensor>& tensors,
                                            bool of_one_layer) {
    auto called = std::vector<std::string>{};
    for (auto& each : rows) {
        each.layer = of_one_layer ? "(net)" : layer_of(each, tensors, called);
        if (!each.layer.empty()) called.push_back(each.layer);
    }
    const auto stands_alone = [&](const layer_row& each) { return each.layer == "(net)" && !of_one_layer; };
    auto result = std::vector<layer_row>{};
    for (auto& each : rows) {
        const auto count = result.size();
        const auto continues = !each.layer.empty() && !stands_alone(each) && count > 1 &&
                               result[count - 1].layer.empty() && result[count - 2].layer == each.layer;
        if (continues) {
            const auto between = std::move(result.back());
            result.pop_back();
            join_rows(result.back(), between);
        }
        if (!result.empty() && result.back().layer == each.layer && !stands_alone(each)) join_rows(result.back(), each);
        else result.push_back(std::move(each));
    }
    return result;
}

}  // namespace xgrad::inline XGRAD_ABI::nn::detail
